import { expect, test } from 'vitest'
import { inWords, strip } from './calendar'

test('usual cron expressions are said in words, others as they are', () => {
	const cases: [string, string][] = [
		['* * * * *', 'every minute'],
		['*/15 * * * *', 'every 15 minutes'],
		['0 * * * *', 'every hour'],
		['30 6 * * *', 'every day at 06:30'],
		['0 30 6 * * *', 'every day at 06:30'],
		['0 9 * * 1-5', 'Monday to Friday at 09:00'],
		['0 9 * * 7', 'every Sunday at 09:00'],
		['0 0 1 * *', 'on day 1 of each month at 00:00'],
		['@every 90m', 'every 90m'],
		['@daily', 'every day at 00:00'],
		['5,10 4 * 2 *', '5,10 4 * 2 *'],
		['30 0 9 * * 1', '30 0 9 * * 1'],
		['0 9 1 * 1', '0 9 1 * 1'],
	]
	for (const [expression, words] of cases) expect(inWords(expression)).toBe(words)
})

test('occurrences fall on the days of the strip', () => {
	const now = new Date(2026, 1, 27, 12)
	const at = (m: number, d: number, h: number, min: number) => new Date(2026, m, d, h, min).toISOString()
	const days = strip([at(1, 27, 18, 0), at(1, 28, 6, 30), at(2, 1, 0, 0), at(2, 9, 0, 0)], 4, now)
	expect(days.map((d) => d.minutes)).toEqual([[1080], [390], [0], []])
	expect(days[2].day).toBe('2026-03-01')
})
