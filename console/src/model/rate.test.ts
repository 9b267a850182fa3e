import { expect, test } from 'vitest'
import { formatRate, parseRate } from './rate'

test('rates are read as they are written', () => {
	expect(parseRate('')).toEqual({})
	expect(parseRate('100/m')).toEqual({ Requests: 100, Per: 60e9 })
	expect(parseRate('5 / 10s')).toEqual({ Requests: 5, Per: 10e9 })
	for (const wrong of ['100', '0/s', '5/', '5/never']) expect(parseRate(wrong), wrong).toBeUndefined()
	for (const text of ['100/m', '5/10s', '']) expect(formatRate(parseRate(text))).toBe(text)
})
