// Something that is read from the daemon as a whole, and read again when it has
// changed. A page makes one in an effect-free place and follows it in an effect.

import { messageOf } from '../daemon/call'
import { listen, type EventName } from '../daemon/feed'

export class Reading<T> {
	value = $state.raw<T>()
	problem = $state('')
	#read: (signal: AbortSignal) => Promise<T>
	#abort = new AbortController()

	constructor(read: (signal: AbortSignal) => Promise<T>) {
		this.#read = read
	}

	/** Reads, and again at the events given, until the function returned is called. */
	follow(events: readonly EventName[] = []): () => void {
		void this.again()
		const stop = events.length ? listen(events, () => void this.again(), () => void this.again()) : undefined
		return () => {
			stop?.()
			this.#abort.abort()
		}
	}

	/** Reads again, every so many seconds while somebody looks, and when somebody looks again. */
	every(seconds: number): () => void {
		const stop = this.follow()
		const look = () => !document.hidden && void this.again()
		const timer = setInterval(look, seconds * 1000)
		document.addEventListener('visibilitychange', look)
		return () => {
			document.removeEventListener('visibilitychange', look)
			clearInterval(timer)
			stop()
		}
	}

	async again(): Promise<void> {
		this.#abort.abort()
		const abort = (this.#abort = new AbortController())
		try {
			const value = await this.#read(abort.signal)
			if (abort.signal.aborted) return
			this.value = value
			this.problem = ''
		} catch (error) {
			if (!abort.signal.aborted) this.problem = messageOf(error)
		}
	}
}
