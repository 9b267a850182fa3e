// The runs that a filter selects, the newest first, as they happen.

import { messageOf, send } from '../daemon/call'
import { listen } from '../daemon/feed'
import type { Guid, Run, RunFilter } from '../daemon/messages'
import { noID } from '../daemon/objects'
import { selects } from './runs'

const size = 200
const most = 5000

export class RunList {
	runs = $state.raw<Run[]>([])
	loaded = $state(false)
	problem = $state('')
	/** There are earlier ones, which have not been read. */
	more = $state(false)

	#next: Guid = noID
	#reading = false
	#abort = new AbortController()

	constructor(readonly filter: RunFilter) {}

	/** Reads the newest, and takes up what happens until the function returned is called. */
	follow(): () => void {
		void this.#first()
		const stop = listen(
			['RunChangedEventMessage'],
			(_, { Run: run }) => this.take(run),
			() => void this.#first(),
		)
		return () => {
			stop()
			this.#abort.abort()
		}
	}

	/** Takes up what has become of a run. */
	take(run: Run): void {
		const fits = selects(this.filter, run)
		const at = this.runs.findIndex((r) => r.Id === run.Id)
		if (at >= 0) this.runs = fits ? this.runs.with(at, run) : this.runs.toSpliced(at, 1)
		else if (fits && this.loaded && run.State === 'queued') this.runs = [run, ...this.runs].slice(0, most)
		else if (fits && this.loaded && !(this.more && (run.QueuedAt ?? '') < (this.runs.at(-1)?.QueuedAt ?? ''))) {
			this.runs = [...this.runs, run].sort((a, b) => Date.parse(b.QueuedAt ?? '') - Date.parse(a.QueuedAt ?? '')).slice(0, most)
		}
	}

	/** Reads earlier ones. */
	async earlier(): Promise<void> {
		if (!this.more || this.#reading || this.runs.length >= most) return
		await this.#page(this.#next, (page) => {
			const known = new Set(this.runs.map((r) => r.Id))
			this.runs = [...this.runs, ...page.filter((r) => !known.has(r.Id))]
		})
	}

	async #first(): Promise<void> {
		await this.#page(noID, (page) => (this.runs = page))
		this.loaded = true
	}

	async #page(before: Guid, use: (runs: Run[]) => void): Promise<void> {
		this.#reading = true
		try {
			const answer = await send('GetRunsMessage', { Filter: this.filter, Limit: size, Before: before }, this.#abort.signal)
			use(answer.Runs ?? [])
			this.#next = answer.Next
			this.more = answer.Next !== noID
			this.problem = ''
		} catch (error) {
			if (!this.#abort.signal.aborted) this.problem = messageOf(error)
		} finally {
			this.#reading = false
		}
	}
}
