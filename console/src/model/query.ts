// Filters as text: the builder writes the language that people type, and the
// daemon reads it.

import { send } from '../daemon/call'
import type { FieldDescriptor, Filter, ParseQueryResponse, Query } from '../daemon/messages'
import { elementOf, parseSpan } from './value'

const words = new Set(
	('and or not in is contains matches exists true false now today ordinal field asc desc int long double string ' +
		'id name definition status section sectiondefinition created createdby modified modifiedby').split(' '),
)

/** A name as it stands in a filter. */
export function quoteName(name: string): string {
	return /^[\p{L}_][\p{L}\p{N}\p{M}_]*$/u.test(name) && !words.has(name.toLowerCase()) ? name : '`' + name.replaceAll('`', '``') + '`'
}

/** A text as it stands in a filter. */
export function quoteText(text: string): string {
	return '"' + text.replace(/["\\]/g, '\\$&').replaceAll('\n', '\\n').replaceAll('\r', '\\r').replaceAll('\t', '\\t') + '"'
}

/** One row of the builder. */
export interface Clause {
	word: string
	operator: string
	value: string
}

export const operators: Record<string, [string, string][]> = {
	string: [['contains', 'contains'], ['=', 'is'], ['!=', 'is not'], ['not contains', 'does not contain'], ['matches', 'matches'], ['exists', 'has a value'], ['not exists', 'has no value']],
	number: [['=', 'is'], ['!=', 'is not'], ['>', 'over'], ['>=', 'from'], ['<', 'under'], ['<=', 'up to'], ['exists', 'has a value'], ['not exists', 'has no value']],
	time: [['>=', 'from'], ['<', 'before'], ['>', 'after'], ['<=', 'up to'], ['exists', 'has a value'], ['not exists', 'has no value']],
	bool: [['=', 'is'], ['exists', 'has a value'], ['not exists', 'has no value']],
	choice: [['=', 'is'], ['!=', 'is not'], ['exists', 'has a value'], ['not exists', 'has no value']],
}

/** Which operators a field, or a property by its word, takes. */
export function family(field: FieldDescriptor | undefined, word: string): keyof typeof operators {
	if (!field) return word === 'created' || word === 'modified' ? 'time' : word === 'id' || word === 'status' ? 'choice' : 'string'
	if (field.GenericEnum) return 'choice'
	switch (elementOf(field.FieldType)) {
		case 'double':
		case 'long':
		case 'int':
		case 'timespan':
			return 'number'
		case 'datetime':
			return 'time'
		case 'bool':
			return 'bool'
		case 'guid':
			return 'choice'
		default:
			return 'string'
	}
}

/** Writes a clause; empty while something of it is missing. */
export function clauseText(clause: Clause, field: FieldDescriptor | undefined): string {
	const { word, operator, value } = clause
	if (!word) return ''
	if (operator === 'exists' || operator === 'not exists') return field ? `${operator} ${word}` : ''
	if (value.trim() === '') return ''
	return `${word} ${operator} ${literal(value.trim(), field, word)}`
}

function literal(value: string, field: FieldDescriptor | undefined, word: string): string {
	if (!field) return word === 'created' || word === 'modified' || word === 'id' ? value : quoteText(value)
	if (field.GenericEnum) return quoteText(value)
	switch (elementOf(field.FieldType)) {
		case 'string':
			return quoteText(value)
		case 'timespan':
			return parseSpan(value) ?? value
		default:
			return value
	}
}

/** Joins texts that all must hold. */
export function conjunction(texts: string[]): string {
	const parts = texts.map((t) => t.trim()).filter(Boolean)
	return parts.length > 1 ? parts.map((t) => (/\bor\b/i.test(t) ? `(${t})` : t)).join(' and ') : (parts[0] ?? '')
}

/** Has the daemon read a filter and an order, with times in the person's zone. */
export function parseQuery(module: string, filter: string, order: string, signal?: AbortSignal): Promise<ParseQueryResponse> {
	const zone = Intl.DateTimeFormat().resolvedOptions().timeZone
	return send('ParseQueryMessage', { ModuleId: module, Filter: filter, Order: order, TimeZone: zone }, signal)
}

/** Has the daemon write a filter, with the names of a module. */
export async function formatFilter(module: string, filter: Filter): Promise<string> {
	return (await send('FormatQueryMessage', { ModuleId: module, Query: { Filter: filter } as Query })).Filter
}

/** The filter of a list that begins with a value of what it is ordered by; empty where no order has values to begin with. */
export function fromText(word: string, field: FieldDescriptor | undefined, descending: boolean, value: string): string {
	const kind = family(field, word)
	if (!value || kind === 'choice' || kind === 'bool') return ''
	// Downwards, what begins with a text is above it.
	return clauseText({ word, operator: descending ? '<=' : '>=', value: descending && kind === 'string' ? value + '\u{ffff}' : value }, field)
}
