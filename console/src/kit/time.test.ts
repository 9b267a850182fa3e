import { expect, test } from 'vitest'
import { length, readLength } from './time'

test('lengths of time are read as they are written', () => {
	for (const [text, nanoseconds] of [['365d', 365 * 86_400e9], ['1d12h', 129_600e9], ['1h30m', 5400e9], ['2.5s', 2.5e9], ['0.0000001s', 100], ['-1m', -60e9], ['0s', 0]] as const) {
		expect(length(nanoseconds)).toBe(text)
		expect(readLength(text)).toBe(nanoseconds)
	}
	expect(readLength('1.5d')).toBe(129_600e9)
	expect(readLength('1 h 30 m')).toBe(5400e9)
	expect(readLength('250ms')).toBe(250e6)
	for (const text of ['', 'a while', '3', '5 weeks', '1h-2m', '99999999d']) expect(readLength(text)).toBeUndefined()
})
