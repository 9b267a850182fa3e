import { expect, test } from 'vitest'
import { parse } from './call'

test('whole numbers come as they are, also those that JavaScript has not', () => {
	expect(parse('{"Ttl":31536000000000000,"Values":[9007199254740993,-9223372036854775808,12]}')).toEqual({
		Ttl: 31_536_000_000_000_000,
		Values: [{ Long: '9007199254740993' }, { Long: '-9223372036854775808' }, 12],
	})
	expect(parse('{"Double":90071992547409930,"Text":"9007199254740993"}')).toEqual({ Double: 90071992547409930, Text: '9007199254740993' })
})
