// Occurrences of a schedule as a strip of days.

export interface Day {
	/** The day in the person's own zone, such as 2026-03-01. */
	day: string
	label: string
	/** Its occurrences, as minutes after midnight. */
	minutes: number[]
}

/** The days from now on, with the occurrences that fall on each; without them too. */
export function strip(occurrences: string[], days: number, now = new Date()): Day[] {
	const list: Day[] = []
	for (let i = 0; i < days; i++) {
		const date = new Date(now.getFullYear(), now.getMonth(), now.getDate() + i)
		list.push({ day: keyOf(date), label: date.toLocaleDateString(undefined, { weekday: 'short', day: 'numeric' }), minutes: [] })
	}
	const byKey = new Map(list.map((d) => [d.day, d]))
	for (const at of occurrences) {
		const date = new Date(at)
		byKey.get(keyOf(date))?.minutes.push(date.getHours() * 60 + date.getMinutes())
	}
	return list
}

function keyOf(date: Date): string {
	return `${date.getFullYear()}-${String(date.getMonth() + 1).padStart(2, '0')}-${String(date.getDate()).padStart(2, '0')}`
}

const plain = /^\d+$/
const weekdays = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday']

/** A cron expression in words, where it is a usual one; else as it is. */
export function inWords(expression: string): string {
	const text = expression.trim()
	if (text.startsWith('@every ')) return 'every ' + text.slice(7)
	const named: Record<string, string> = { '@hourly': 'every hour', '@daily': 'every day at 00:00', '@midnight': 'every day at 00:00', '@weekly': 'every Sunday at 00:00', '@monthly': 'on day 1 of each month at 00:00', '@yearly': 'every year', '@annually': 'every year' }
	if (named[text]) return named[text]
	let parts = text.split(/\s+/)
	if (parts.length === 6 && parts[0] === '0') parts = parts.slice(1)
	if (parts.length !== 5) return text
	const [minute, hour, day, month, weekday] = parts
	if (month !== '*') return text
	const every = day === '*' && weekday === '*'
	if (every && hour === '*' && minute === '*') return 'every minute'
	if (every && hour === '*' && /^(\*|0)\/\d+$/.test(minute)) return `every ${minute.split('/')[1]} minutes`
	if (every && hour === '*' && plain.test(minute)) return minute === '0' ? 'every hour' : `every hour at minute ${minute}`
	if (every && minute === '0' && /^(\*|0)\/\d+$/.test(hour)) return `every ${hour.split('/')[1]} hours`
	if (!plain.test(minute) || !plain.test(hour)) return text
	const at = `at ${hour.padStart(2, '0')}:${minute.padStart(2, '0')}`
	if (every) return 'every day ' + at
	if (day === '*' && /^(1-5|mon-fri)$/i.test(weekday)) return 'Monday to Friday ' + at
	if (day === '*' && plain.test(weekday) && weekdays[Number(weekday)]) return `every ${weekdays[Number(weekday)]} ${at}`
	if (weekday === '*' && plain.test(day)) return `on day ${day} of each month ${at}`
	return text
}
