// What happens in the daemon, as it happens. A tab has one stream, for browsers
// open few connections to one server; it carries the events that anything on the
// page has asked for. A hidden tab lets go of its stream, and goes on where it was
// when it is looked at again.

import { parse } from './call'
import type { Messages } from './messages'

/** The names of the events. */
export type EventName = Extract<keyof Messages, `${string}EventMessage`>

interface Listener {
	names: readonly EventName[]
	handle: (name: EventName, message: never) => void
	/** Called when events may have been missed: what is shown should be read again. */
	missed: () => void
}

const listeners = new Set<Listener>()
let source: EventSource | undefined
let wanted = ''
let position = ''
let opened = false
let pause = 1000
let timer: ReturnType<typeof setTimeout> | undefined

/** Listens to events until the function returned is called. */
export function listen<N extends EventName>(
	names: readonly N[],
	handle: (name: N, message: Messages[N]) => void,
	missed: () => void = () => {},
): () => void {
	const listener = { names, handle, missed } as unknown as Listener
	listeners.add(listener)
	refresh()
	return () => {
		listeners.delete(listener)
		refresh()
	}
}

/** Forgets where the stream was: the next one is for another caller. */
export function forget(): void {
	position = ''
	opened = false
	close()
}

function refresh(): void {
	// What is asked for together leads to one stream.
	clearTimeout(timer)
	timer = setTimeout(connect, 0)
}

function close(): void {
	source?.close()
	source = undefined
	wanted = ''
}

function connect(): void {
	clearTimeout(timer)
	const names = [...new Set([...listeners].flatMap((l) => l.names))].sort()
	if (names.length === 0) {
		position = ''
		opened = false
		return close()
	}
	if (document.hidden) return close()
	if (source && wanted === names.join()) return
	close()
	wanted = names.join()
	const query = new URLSearchParams(names.map((name) => ['event', name]))
	if (position) query.set('after', position)
	const stream = new EventSource('/slnet/events?' + query)
	source = stream
	for (const name of names) stream.addEventListener(name, (event) => deliver(name, event as MessageEvent<string>))
	stream.addEventListener('open', () => {
		pause = 1000
		// Without a position the stream begins with what happens from now on.
		if (opened && !position) missed()
		opened = true
	})
	stream.addEventListener('end', () => retry(false))
	// A browser tries again by itself where the connection broke, with the position
	// it was at; it gives up where the daemon refused.
	stream.addEventListener('error', () => stream.readyState === EventSource.CLOSED && retry(true))
}

function retry(refused: boolean): void {
	close()
	// The daemon may not keep what happened behind the position any more.
	if (refused) position = ''
	timer = setTimeout(connect, pause)
	pause = Math.min(pause * 2, 30_000)
}

function missed(): void {
	for (const listener of [...listeners]) listener.missed()
}

function deliver(name: EventName, event: MessageEvent<string>): void {
	if (event.lastEventId) position = event.lastEventId
	const message = parse(event.data) as never
	for (const listener of [...listeners]) if (listener.names.includes(name)) listener.handle(name, message)
}

if (typeof document !== 'undefined') document.addEventListener('visibilitychange', refresh)
