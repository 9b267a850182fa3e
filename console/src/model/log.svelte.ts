// The log of a run while it is written.

import { messageOf, send } from '../daemon/call'
import type { LogLine } from '../daemon/messages'

/** How many lines are kept; what came before is in the daemon. */
const most = 5000

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
		void this.#read(abort.signal)
		return () => abort.abort()
	}

	async #read(signal: AbortSignal): Promise<void> {
		let offset = 0
		this.lines = []
		this.dropped = 0
		this.ended = false
		for (let pause = 150; !signal.aborted; ) {
			try {
				const answer = await send('GetRunLogMessage', { Id: this.run, Offset: offset }, signal)
				const got = answer.Lines ?? []
				const all = [...this.lines, ...got]
				this.dropped += Math.max(0, all.length - most)
				this.lines = all.slice(-most)
				this.problem = ''
				pause = got.length ? 150 : Math.min(pause * 1.5, 1500)
				if (answer.Ended) return void (this.ended = true)
				if (answer.Next > offset && got.length) {
					offset = answer.Next
					if (got.length >= 500) continue
				}
			} catch (error) {
				if (signal.aborted) return
				this.problem = messageOf(error)
				pause = 3000
			}
			await rest(pause, signal)
		}
	}
}

function rest(ms: number, signal: AbortSignal): Promise<void> {
	return new Promise((resolve) => {
		const timer = setTimeout(resolve, ms)
		signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true })
	})
}
