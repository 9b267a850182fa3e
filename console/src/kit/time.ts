// Times for people, in the browser's own language and zone.

const long = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' })
const short = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' })
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto' })

/** The time of an RFC 3339 text. */
export function moment(at: string, exact = false): string {
	const date = new Date(at)
	return Number.isNaN(date.valueOf()) ? at : (exact ? long : short).format(date)
}

const steps: [Intl.RelativeTimeFormatUnit, number][] = [
	['second', 60],
	['minute', 60],
	['hour', 24],
	['day', 30],
]

/** How long ago, up to a month; then the time. */
export function ago(at: string, now = Date.now()): string {
	let distance = (Date.parse(at) - now) / 1000
	if (Number.isNaN(distance)) return at
	for (const [unit, size] of steps) {
		if (Math.abs(distance) < size) return relative.format(Math.round(distance), unit)
		distance /= size
	}
	return short.format(new Date(at))
}

/** A number of nanoseconds, such as 1.2 s. */
export function span(nanoseconds: number): string {
	const ms = nanoseconds / 1e6
	if (ms < 1) return ms.toFixed(2) + ' ms'
	if (ms < 1000) return ms.toFixed(ms < 10 ? 1 : 0) + ' ms'
	const s = ms / 1000
	if (s < 60) return s.toFixed(s < 10 ? 1 : 0) + ' s'
	const minutes = Math.floor(s / 60)
	if (minutes < 60) return `${minutes} min ${Math.round(s % 60)} s`
	const hours = Math.floor(minutes / 60)
	if (hours < 48) return `${hours} h ${minutes % 60} min`
	return `${Math.floor(hours / 24)} d ${hours % 24} h`
}

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']

/** A number of bytes, such as 1.5 MiB. */
export function bytes(n: number): string {
	let i = 0
	for (; n >= 1024 && i < units.length - 1; i++) n /= 1024
	return (i === 0 ? n : n.toFixed(n < 10 ? 1 : 0)) + ' ' + units[i]
}

export const number = new Intl.NumberFormat()

const sizes: Record<string, number> = { d: 86_400e9, h: 3600e9, m: 60e9, s: 1e9, ms: 1e6 }

/** A number of nanoseconds as people write it and readLength reads it: 30d, 1h30m, 2.5s. */
export function length(nanoseconds: number): string {
	let text = nanoseconds < 0 ? '-' : ''
	let rest = Math.abs(nanoseconds)
	for (const unit of ['d', 'h', 'm']) {
		const size = sizes[unit]
		if (rest >= size) text += Math.floor(rest / size) + unit
		rest %= size
	}
	if (text && text !== '-' && !rest) return text
	return text + (rest / 1e9).toFixed(9).replace(/\.?0+$/, '') + 's'
}

/** Reads what length writes, in nanoseconds; undefined where it is no length of time. */
export function readLength(text: string): number | undefined {
	const trimmed = text.replaceAll(' ', '')
	if (!/^-?(\d+(\.\d+)?(d|h|ms|m|s))+$/.test(trimmed)) return undefined
	let sum = 0
	for (const [, n, unit] of trimmed.matchAll(/(\d+(?:\.\d+)?)(d|h|ms|m|s)/g)) sum += Math.round(Number(n) * sizes[unit])
	// The daemon keeps it in 64 bits.
	if (sum >= 2 ** 63) return undefined
	return trimmed.startsWith('-') ? -sum : sum
}
