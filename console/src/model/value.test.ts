import { describe, expect, test } from 'vitest'
import { parse } from '../daemon/call'
import type { FieldType, Value } from '../daemon/messages'
import { draftOf, parseDraft, parseSpan, readable } from './value'

describe('what is typed is what is stored', () => {
	const cases: [FieldType, Value][] = [
		['String', 'a text'],
		['Double', { Double: 1.5 }],
		['Double', { Double: 'NaN' }],
		['Long', 12],
		['Long', { Long: '-9223372036854775808' }],
		['DateTime', { DateTime: '2024-05-01T10:20:00.000Z' }],
		['TimeSpan', { TimeSpan: '1.02:03:04.5000000' }],
		['Bool', false],
		['Guid', { Guid: '6c5d2f0e-8f5b-4b0c-9d4e-0f5a1b2c3d4e' }],
		['GenericEnum<Int>', { Int: -3 }],
		['GenericEnum<String>', 'high'],
		['List<String>', ['a', 'b']],
		['List<GenericEnum<Int>>', [{ Int: 1 }, { Int: 2 }]],
	]
	for (const [type, value] of cases) {
		test(`${type} ${JSON.stringify(value)}`, () => {
			const parsed = parseDraft(draftOf(value, type), type)
			if (typeof value === 'object' && 'Double' in value && value.Double === 'NaN') expect('error' in parsed).toBe(true)
			else expect(parsed).toEqual({ value })
		})
	}

	test('nothing is no value', () => {
		for (const [type] of cases) expect(parseDraft(draftOf(undefined, type), type)).toEqual({ none: true })
	})
})

test('what is no value says why', () => {
	const cases: [string, FieldType][] = [
		['x', 'Double'],
		['1.5', 'Long'],
		['9223372036854775808', 'Long'],
		['2147483648', 'GenericEnum<Int>'],
		['tomorrow', 'DateTime'],
		['25:00', 'TimeSpan'],
		['6c5d', 'Guid'],
	]
	for (const [text, type] of cases) expect(parseDraft(text, type), `${type} ${text}`).toHaveProperty('error')
})

test('lengths of time are read as people write them', () => {
	expect(parseSpan('1h30m')).toBe('01:30:00')
	expect(parseSpan('2d 4h')).toBe('2.04:00:00')
	expect(parseSpan('90s')).toBe('00:01:30')
	expect(parseSpan('-1:30')).toBe('-01:30:00')
	expect(parseSpan('250ms')).toBe('00:00:00.2500000')
	expect(parseSpan('soon')).toBeUndefined()
})

test('entries of lists are read by their names', () => {
	const field = { Id: 'f', GenericEnum: { Entries: [{ DisplayName: 'High', Value: { Int: 3 } }] } }
	expect(readable({ Int: 3 }, field)).toBe('High')
	expect(readable([{ Int: 3 }, { Int: 4 }], field)).toBe('High, 4')
})

test('numbers too large for JavaScript keep all their digits', () => {
	expect(parse('{"a": [9007199254740993, -9223372036854775808], "b": 1234567890123456, "c": 1.5e300, "d": "\\"9007199254740993"}')).toEqual({
		a: [{ Long: '9007199254740993' }, { Long: '-9223372036854775808' }],
		b: 1234567890123456,
		c: 1.5e300,
		d: '"9007199254740993',
	})
	expect(parse('{"Double":12345678901234567000}')).toEqual({ Double: 12345678901234567000 })
	expect(parse('[0.12345678901234567]')).toEqual([0.12345678901234567])
})
