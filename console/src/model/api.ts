// Requests to user-defined APIs, as the page that tries them out makes them.

import type { ApiDefinition } from '../daemon/messages'

export const apiRoot = '/api/custom/'

export const apiMethods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const

/** The names in the braces of a route. */
export function parametersOf(route: string): string[] {
	return [...route.matchAll(/\{([^{}]*)\}/g)].map((m) => m[1])
}

/** The path of a request: values take the place of names. */
export function pathOf(route: string, values: Record<string, string>): string {
	return apiRoot + route.replaceAll(/\{([^{}]*)\}/g, (_, name) => encodeURIComponent(values[name] ?? ''))
}

/** What is wrong with the value of a part of the path, empty where nothing is. */
export function partProblem(value: string): string {
	if (value === '') return 'The path needs a value here.'
	if (value === '.' || value === '..') return 'A part of a path cannot be dots only.'
	return /[/\\\u0000-\u001f\u007f]/.test(value) ? 'A part of a path has no slash, backslash or control character.' : ''
}

/** The query of a request, from one name=value a line. */
export function queryOf(text: string): string {
	const query = new URLSearchParams()
	for (const line of lines(text)) {
		const at = line.indexOf('=')
		if (at < 0) query.append(line, '')
		else query.append(line.slice(0, at), line.slice(at + 1))
	}
	const encoded = query.toString()
	return encoded && '?' + encoded
}

/** Reads headers, one Name: value a line. The problem names the first line that is none. */
export function headersOf(text: string): { headers: [string, string][]; problem: string } {
	const headers: [string, string][] = []
	for (const line of lines(text)) {
		const found = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):\s*(.*)$/.exec(line)
		if (!found) return { headers: [], problem: `“${line}” is no header: write its name, a colon and its value.` }
		if (found[1].toLowerCase() === 'authorization') return { headers: [], problem: 'The header Authorization is made of the token.' }
		headers.push([found[1], found[2]])
	}
	return { headers, problem: '' }
}

/** The lines of a text that say something. */
export function lines(text: string): string[] {
	return text
		.split('\n')
		.map((line) => line.trim())
		.filter(Boolean)
}

/** What came back. */
export interface ApiAnswer {
	status: number
	statusText: string
	headers: [string, string][]
	/** As text, indented where it is JSON; undefined where it is no text. */
	text: string | undefined
	size: number
	/** In milliseconds. */
	took: number
	/** The id of the run that answered, if one was started. */
	run: string | undefined
}

/** Sends a request with a token, and without the session of the console. */
export async function request(method: string, path: string, token: string, headers: [string, string][], body: string, signal: AbortSignal): Promise<ApiAnswer> {
	const all = new Headers(headers)
	all.set('Authorization', 'Bearer ' + token)
	const began = performance.now()
	const response = await fetch(path, { method, headers: all, body: method === 'GET' || body === '' ? undefined : body, credentials: 'omit', cache: 'no-store', redirect: 'manual', signal })
	const bytes = new Uint8Array(await response.arrayBuffer())
	return {
		status: response.status,
		statusText: response.statusText,
		headers: [...response.headers.entries()],
		text: textOf(bytes, response.headers.get('Content-Type') ?? ''),
		size: bytes.length,
		took: performance.now() - began,
		run: response.headers.get('Domovoi-Run') ?? undefined,
	}
}

/** Bytes as text for people: JSON indented, what is no UTF-8 undefined. */
export function textOf(bytes: Uint8Array, type: string): string | undefined {
	let text: string
	try {
		text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
	} catch {
		return undefined
	}
	if (text.includes('\u0000')) return undefined
	if (!/[/+]json\b/.test(type)) return text
	try {
		return JSON.stringify(JSON.parse(text), null, 2)
	} catch {
		return text
	}
}

/** The same request for a shell. The token stays out of it. */
export function curlOf(method: string, address: string, headers: [string, string][], body: string): string {
	const quote = (text: string) => "'" + text.replaceAll("'", "'\\''") + "'"
	const parts = ['curl', '-X', method, '-H', '"Authorization: Bearer $TOKEN"']
	for (const [name, value] of headers) parts.push('-H', quote(`${name}: ${value}`))
	if (body && method !== 'GET') parts.push('--data-raw', quote(body))
	return [...parts, quote(address)].join(' ')
}

/** What is wrong with a definition, by field, before the daemon is asked. */
export function apiProblems(draft: Pick<ApiDefinition, 'Name' | 'Route' | 'Methods' | 'Script'>): { name?: string; route?: string; methods?: string; script?: string } {
	return {
		name: draft.Name.trim() ? undefined : 'It needs a name.',
		route: routeProblem(draft.Route),
		methods: draft.Methods?.length ? undefined : 'Choose at least one.',
		script: draft.Script.trim() ? undefined : 'Which script answers?',
	}
}

function routeProblem(route: string): string | undefined {
	if (!route.trim()) return 'It needs a route.'
	if (route.startsWith('/') || route.endsWith('/')) return 'It begins and ends without a slash.'
	const names = new Set<string>()
	for (const part of route.split('/')) {
		const name = /^\{([^{}]+)\}$/.exec(part)?.[1]
		if (name !== undefined && names.has(name)) return `{${name}} stands in it twice.`
		if (name !== undefined) names.add(name)
		else if (!/^[A-Za-z0-9._~-]+$/.test(part)) return part ? `“${part}” is neither literal (letters, digits, - . _ ~) nor a name in braces.` : 'There is nothing between two slashes.'
	}
	return undefined
}
