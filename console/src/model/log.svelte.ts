// The log of a run while it is written. Lines make no events, so it is asked for
// again and again: soon where there were some, rarely where there were none, and at
// once when the run changes.

import { messageOf, send } from '../daemon/call'
import { listen } from '../daemon/feed'
import type { LogLine } from '../daemon/messages'

/** How many lines are kept; what came before is in the daemon. */
const most = 5000

/** The shortest and the longest pause between two questions, in milliseconds. */
const soon = 150
const rarely = 3000

export class Log {
	lines = $state.raw<LogLine[]>([])
	/** How many earlier lines have been let go. */
	dropped = $state(0)
	ended = $state(false)
	problem = $state('')

	constructor(readonly run: string) {}

	/** Reads what there is and what comes, until the run ends or the function returned is called. */
	follow(): () => void {
		const abort = new AbortController()
		let wake = () => {}
		const woken = () => wake()
		const stop = listen(['RunChangedEventMessage'], (_, m) => m.Run.Id === this.run && woken(), woken)
		const pause = (ms: number) =>
			new Promise<void>((resolve) => {
				const timer = setTimeout(resolve, ms)
				wake = () => (clearTimeout(timer), resolve())
			})
		void this.#read(abort.signal, pause).finally(stop)
		return () => {
			abort.abort()
			woken()
		}
	}

	async #read(signal: AbortSignal, rest: (ms: number) => Promise<void>): Promise<void> {
		let offset = 0
		this.lines = []
		this.dropped = 0
		this.ended = false
		for (let pause = soon; !signal.aborted; ) {
			try {
				const answer = await send('GetRunLogMessage', { Id: this.run, Offset: offset }, signal)
				const got = answer.Lines ?? []
				const all = [...this.lines, ...got]
				this.dropped += Math.max(0, all.length - most)
				this.lines = all.slice(-most)
				this.problem = ''
				pause = got.length ? soon : Math.min(pause * 1.5, rarely)
				if (answer.Ended) return void (this.ended = true)
				if (answer.Next > offset && got.length) {
					offset = answer.Next
					if (got.length >= 500) continue
				}
			} catch (error) {
				if (signal.aborted) return
				this.problem = messageOf(error)
				pause = rarely
			}
			await rest(pause)
		}
	}
}
