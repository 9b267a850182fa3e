import { expect, test } from 'vitest'
import { formatRate, formatSpan, parseRate, parseSpan } from './span'

test('lengths of time are read as they are written', () => {
	expect(parseSpan('')).toBe(0)
	expect(parseSpan('90s')).toBe(90e9)
	expect(parseSpan('1m 30s')).toBe(90e9)
	expect(parseSpan('1.5h')).toBe(5400e9)
	for (const wrong of ['90', 's', '5 apples', '-3s', '1e400s']) expect(parseSpan(wrong), wrong).toBeUndefined()
	for (const n of [0, 250e6, 1.5e9, 90e9, 86_400e9, 90_061e9]) expect(parseSpan(formatSpan(n)), String(n)).toBe(n)
})

test('rates are read as they are written', () => {
	expect(parseRate('')).toEqual({})
	expect(parseRate('100/m')).toEqual({ Requests: 100, Per: 60e9 })
	expect(parseRate('5 / 10s')).toEqual({ Requests: 5, Per: 10e9 })
	for (const wrong of ['100', '0/s', '5/', '5/never']) expect(parseRate(wrong), wrong).toBeUndefined()
	for (const text of ['100/m', '5/10s', '']) expect(formatRate(parseRate(text))).toBe(text)
})
