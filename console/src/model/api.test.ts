import { expect, test } from 'vitest'
import { apiProblems, curlOf, headersOf, parametersOf, partProblem, pathOf, queryOf, textOf } from './api'

test('a path is made of a route and its values', () => {
	expect(parametersOf('orders/{id}/lines/{n}')).toEqual(['id', 'n'])
	expect(pathOf('orders/{id}', { id: 'a b?c' })).toBe('/api/custom/orders/a%20b%3Fc')
	expect(partProblem('17')).toBe('')
	for (const wrong of ['', '..', 'a/b', 'a\\b']) expect(partProblem(wrong), wrong).not.toBe('')
})

test('query and headers are read line by line', () => {
	expect(queryOf('size=2\n\nname = a&b\nflag')).toBe('?size=2&name+=+a%26b&flag=')
	expect(queryOf(' \n')).toBe('')
	expect(headersOf('Accept: text/plain\nX-A:1').headers).toEqual([['Accept', 'text/plain'], ['X-A', '1']])
	expect(headersOf('no header').problem).toContain('no header')
	expect(headersOf('Authorization: Bearer x').problem).not.toBe('')
})

test('answers are shown as what they are', () => {
	const bytes = (text: string) => new TextEncoder().encode(text)
	expect(textOf(bytes('{"a":1}'), 'application/json; charset=utf-8')).toBe('{\n  "a": 1\n}')
	expect(textOf(bytes('{"a":'), 'application/problem+json')).toBe('{"a":')
	expect(textOf(bytes('{"a":1}'), 'text/plain')).toBe('{"a":1}')
	expect(textOf(new Uint8Array([0xff, 0xfe]), 'image/png')).toBeUndefined()
})

test('a command line has no secret and no broken quotes', () => {
	expect(curlOf('POST', 'http://h/api/custom/x', [['X-A', "it's"]], '{"a":1}')).toBe(`curl -X POST -H "Authorization: Bearer $TOKEN" -H 'X-A: it'\\''s' --data-raw '{"a":1}' 'http://h/api/custom/x'`)
})

test('a definition says what it lacks', () => {
	const good = { Name: 'orders', Route: 'orders/{id}', Methods: ['GET'], Script: 'echo' }
	expect(Object.values(apiProblems(good)).filter(Boolean)).toEqual([])
	for (const Route of ['', '/a', 'a/', 'a//b', 'a/{x}/{x}', 'a b', 'a{x}']) expect(apiProblems({ ...good, Route }).route, Route).toBeDefined()
	expect(apiProblems({ Name: ' ', Route: 'a', Methods: null, Script: '' })).toMatchObject({ name: expect.any(String), methods: expect.any(String), script: expect.any(String) })
})
