import { expect, test } from 'vitest'
import { fieldsOf, inputOf } from './schema'

const schema = {
	type: 'object',
	required: ['customer', 'amount'],
	properties: {
		customer: { type: 'string', description: 'Who pays.' },
		amount: { type: 'number', minimum: 0 },
		times: { type: 'integer', default: 3 },
		level: { enum: ['low', 'high'] },
		really: { type: 'boolean' },
		tags: { type: 'array', items: { type: 'string' } },
	},
}

test('a schema makes the controls of a form', () => {
	const fields = fieldsOf(schema)
	expect(fields.map((f) => [f.name, f.control, f.required])).toEqual([
		['customer', 'text', true],
		['amount', 'number', true],
		['times', 'integer', false],
		['level', 'choice', false],
		['really', 'bool', false],
		['tags', 'json', false],
	])
	expect(fields[0].hint).toBe('Who pays.')
	expect(fields[1].hint).toBe('At least 0.')
	expect(fields[2].initial).toBe('3')
	expect(fieldsOf(undefined)).toEqual([])
	expect(fieldsOf({ type: 'string' })).toEqual([])
})

test('what is typed becomes the input the schema describes', () => {
	const fields = fieldsOf(schema)
	expect(inputOf(fields, { customer: 'Acme', amount: '12.5', times: '2', level: 'high', really: 'true', tags: '["a"]' })).toEqual({
		input: { customer: 'Acme', amount: 12.5, times: 2, level: 'high', really: true, tags: ['a'] },
		errors: {},
	})
})

test('what is wrong is said by field, and what is left out stays out', () => {
	const { input, errors } = inputOf(fieldsOf(schema), { customer: 'Acme', times: '2.5', tags: '[', level: '' })
	expect(Object.keys(errors).sort()).toEqual(['amount', 'tags', 'times'])
	expect(input).toEqual({ customer: 'Acme' })
})
