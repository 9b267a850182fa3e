// Values of fields: between the form they travel in, what people read and what
// people type.

import type { FieldDescriptor, FieldType, Value } from '../daemon/messages'
import { moment } from '../kit/time'

/** What stands in the control of a field: text, or a list of texts. */
export type Draft = string | string[]

/** What a draft means: a value, none, or why it is none. */
export type Parsed = { value: Value } | { none: true } | { error: string }

export type Element = 'string' | 'double' | 'long' | 'datetime' | 'timespan' | 'bool' | 'guid' | 'int'

const elements: Record<FieldType, { element: Element; list: boolean }> = {
	String: { element: 'string', list: false },
	Double: { element: 'double', list: false },
	Long: { element: 'long', list: false },
	DateTime: { element: 'datetime', list: false },
	TimeSpan: { element: 'timespan', list: false },
	Bool: { element: 'bool', list: false },
	'List<String>': { element: 'string', list: true },
	Guid: { element: 'guid', list: false },
	'List<Guid>': { element: 'guid', list: true },
	'GenericEnum<Int>': { element: 'int', list: false },
	'GenericEnum<String>': { element: 'string', list: false },
	'List<GenericEnum<Int>>': { element: 'int', list: true },
	'List<GenericEnum<String>>': { element: 'string', list: true },
}

export function elementOf(type: FieldType | undefined): Element {
	return elements[type ?? 'String'].element
}

export function isList(type: FieldType | undefined): boolean {
	return elements[type ?? 'String'].list
}

/** The plain text of a value: what programs would write. */
export function plain(value: Value | undefined): string {
	if (value === undefined || value === null) return ''
	if (Array.isArray(value)) return value.map(plain).join('; ')
	if (typeof value === 'object') {
		const [content] = Object.values(value) as (string | number)[]
		return String(content)
	}
	return String(value)
}

/** The text of a value for people: entries of lists by their names, times in the person's zone. */
export function readable(value: Value | undefined, field?: FieldDescriptor): string {
	if (value === undefined || value === null) return ''
	if (Array.isArray(value)) return value.map((v) => readable(v, field)).join(', ')
	const entry = field?.GenericEnum?.Entries?.find((e) => plain(e.Value) === plain(value))
	if (entry) return entry.DisplayName
	if (typeof value === 'boolean') return value ? 'yes' : 'no'
	if (typeof value === 'object' && 'DateTime' in value) return moment(value.DateTime)
	return plain(value)
}

export function equal(a: Value | undefined, b: Value | undefined): boolean {
	return JSON.stringify(a) === JSON.stringify(b)
}

/** The id that a value refers to, if it is one. */
export function guidsOf(value: Value | null | undefined): string[] {
	if (value === null || value === undefined) return []
	if (Array.isArray(value)) return value.flatMap(guidsOf)
	if (typeof value === 'string') return [value]
	return typeof value === 'object' && 'Guid' in value ? [value.Guid] : []
}

/** What the control of a field shows for a value. */
export function draftOf(value: Value | undefined, type: FieldType | undefined): Draft {
	if (isList(type)) return value === undefined ? [] : (Array.isArray(value) ? value : [value]).map((v) => draftText(v))
	return value === undefined ? '' : draftText(value)
}

function draftText(value: Value): string {
	if (typeof value === 'object' && 'DateTime' in value) return localTime(value.DateTime)
	return plain(value)
}

/** A point in time as a control takes it: in the person's zone, to the second where it has any. */
export function localTime(at: string): string {
	const date = new Date(at)
	if (Number.isNaN(date.valueOf())) return at
	const two = (n: number) => String(n).padStart(2, '0')
	const seconds = date.getSeconds() ? ':' + two(date.getSeconds()) : ''
	return `${String(date.getFullYear()).padStart(4, '0')}-${two(date.getMonth() + 1)}-${two(date.getDate())}T${two(date.getHours())}:${two(date.getMinutes())}${seconds}`
}

/** Reads what was typed for a field. */
export function parseDraft(draft: Draft, type: FieldType | undefined): Parsed {
	if (!isList(type)) return parseElement(draft as string, elementOf(type))
	const list: Value[] = []
	for (const text of draft as string[]) {
		const parsed = parseElement(text, elementOf(type))
		if ('error' in parsed) return parsed
		if ('value' in parsed) list.push(parsed.value)
	}
	return list.length ? { value: list } : { none: true }
}

const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** Reads one text as a value of a kind; nothing is no value. */
export function parseElement(text: string, element: Element): Parsed {
	if (text === '') return { none: true }
	const trimmed = text.trim()
	switch (element) {
		case 'string':
			return { value: text }
		case 'bool':
			return { value: trimmed === 'true' }
		case 'double': {
			const n = Number(trimmed.replace(',', '.'))
			if (trimmed === '' || Number.isNaN(n)) return { error: 'Not a number, such as 12.5' }
			return { value: { Double: Number.isFinite(n) ? n : trimmed } }
		}
		case 'long':
		case 'int': {
			if (!/^[+-]?\d+$/.test(trimmed)) return { error: 'Not a whole number, such as 12' }
			const n = BigInt(trimmed)
			const [low, high] = element === 'int' ? [-(2n ** 31n), 2n ** 31n - 1n] : [-(2n ** 63n), 2n ** 63n - 1n]
			if (n < low || n > high) return { error: `Not from ${low} to ${high}` }
			if (element === 'int') return { value: { Int: Number(n) } }
			return { value: Number.isSafeInteger(Number(n)) ? Number(n) : { Long: String(n) } }
		}
		case 'datetime': {
			const date = new Date(trimmed)
			if (Number.isNaN(date.valueOf())) return { error: 'Not a date and time' }
			return { value: { DateTime: date.toISOString() } }
		}
		case 'timespan': {
			const span = parseSpan(trimmed)
			return span ? { value: { TimeSpan: span } } : { error: 'Not a length of time, such as 1h30m, 2d or 01:30:00' }
		}
		case 'guid':
			return guid.test(trimmed) ? { value: { Guid: trimmed.toLowerCase() } } : { error: 'Not an id of 36 characters' }
	}
}

const units: Record<string, number> = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000, ms: 1 }

/** Reads 1d2h3m4s, hh:mm or [d.]hh:mm:ss[.fffffff]; the result is of the last form. */
export function parseSpan(text: string): string | undefined {
	const clock = /^(-)?(?:(\d+)\.)?(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,7}))?)?$/.exec(text)
	if (clock) {
		const [, sign = '', days, h, m, s = '0', fraction] = clock
		if (+h > 23 || +m > 59 || +s > 59) return undefined
		return sign + (days ? days + '.' : '') + [h, m, s].map((n) => n.padStart(2, '0')).join(':') + (fraction ? '.' + fraction.padEnd(7, '0') : '')
	}
	const words = /^(-)?((?:\d+(?:\.\d+)?(?:ms|d|h|m|s)\s*)+)$/.exec(text)
	if (!words) return undefined
	let ms = 0
	for (const [, n, unit] of words[2].matchAll(/(\d+(?:\.\d+)?)(ms|d|h|m|s)/g)) ms += Number(n) * units[unit]
	const two = (n: number) => String(Math.floor(n)).padStart(2, '0')
	const days = Math.floor(ms / units.d)
	const rest = Math.round((ms % 1000) * 10_000)
	return (
		(words[1] ?? '') +
		(days ? days + '.' : '') +
		[(ms / units.h) % 24, (ms / units.m) % 60, (ms / units.s) % 60].map(two).join(':') +
		(rest ? '.' + String(rest).padStart(7, '0') : '')
	)
}
