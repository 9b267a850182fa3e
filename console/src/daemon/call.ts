// The one way in: messages over POST /slnet, in JSON, with the cookie that
// signing in has set. The browser says by itself that the request comes from the
// console's own origin, and the daemon refuses any other.

import type { Answers, Error as WireError, Kind, Messages, Reason, TraceData } from './messages'

/** A request that failed as a whole. */
export class RequestError extends Error {
	constructor(
		readonly kind: Kind | 'Unreachable',
		message: string,
		readonly reason?: Reason,
	) {
		super(message)
		this.name = 'RequestError'
	}
}

/** A request that a manager answered with errors. */
export class CrudFailed extends Error {
	constructor(readonly trace: TraceData) {
		super((trace.ErrorData ?? []).map((e) => e.Message || e.Reason).join('\n'))
		this.name = 'CrudFailed'
	}
}

/** Requests are made of parts: what is left out is zero to the daemon. */
export type Request<K extends keyof Answers> = K extends keyof Messages ? Partial<Messages[K]> : never

let onUnauthenticated: () => void = () => {}

/** Says what happens when the daemon does not know the caller any more. */
export function whenSignedOut(handler: () => void): void {
	onUnauthenticated = handler
}

interface Reply {
	responses?: { type: string; message: unknown }[]
	error?: WireError
}

/** Sends one message. Errors are RequestErrors. */
export async function send<K extends keyof Answers>(type: K, message: Request<K>, signal?: AbortSignal): Promise<Answers[K]> {
	const reply = await post('/slnet', [{ type, message }], signal)
	if (reply.error) throw failure(reply.error)
	const answer = reply.responses?.[0]?.message
	if (answer === undefined) throw new RequestError('Internal', `${type} was not answered`)
	return answer as Answers[K]
}

/** Posts a body, and reads what comes back in the form of all the daemon's answers. */
export async function post(path: string, body: unknown, signal?: AbortSignal): Promise<Reply> {
	let response: Response
	let text: string
	try {
		response = await fetch(path, {
			method: 'POST',
			headers: { 'Content-Type': 'application/json' },
			body: JSON.stringify(body),
			signal,
		})
		text = await response.text()
	} catch (cause) {
		if (signal?.aborted) throw cause
		throw new RequestError('Unreachable', 'The daemon cannot be reached. What you typed is still here; try again.')
	}
	let reply: Reply
	try {
		reply = parse(text) as Reply
	} catch {
		throw new RequestError('Internal', `The daemon, or a proxy before it, answered with status ${response.status} and no JSON.`)
	}
	if (response.status === 401 && path !== '/login') onUnauthenticated()
	return reply
}

/** The exception for an error of the daemon. */
export function failure(error: WireError): RequestError {
	return new RequestError(error.Kind, error.Message, error.Reason)
}

/** Throws when a manager has found something wrong. */
export function check(trace: TraceData | undefined): void {
	if (trace?.ErrorData?.length) throw new CrudFailed(trace)
}

// The tokens of JSON that matter here: a double, a string, a number.
const tokens = /"Double":\s*-?[\d.eE+-]+|"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g

/**
 * Reads JSON. A whole number that is none of JavaScript becomes the tagged form
 * { Long: "…" }, which the daemon reads as that very number where a value stands.
 * Large ones that JavaScript has remain numbers: lengths of time have no other form.
 */
export function parse(text: string): unknown {
	if (!/\d{16}/.test(text)) return JSON.parse(text)
	return JSON.parse(
		text.replace(tokens, (token) => (/^-?\d{16,}$/.test(token) && String(Number(token)) !== token ? `{"Long":"${token}"}` : token)),
	)
}

/** The text of anything that was thrown. */
export function messageOf(thrown: unknown): string {
	return thrown instanceof Error ? thrown.message : String(thrown)
}
