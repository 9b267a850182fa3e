// The rows of a query, page by page as they are scrolled to. Pages come in order,
// for each begins where the one before ended; the rows of those far from what is
// seen are forgotten, and read again when they are scrolled to.

import type { Exposer, Query, SelectedRow } from '../daemon/messages'
import { and, count, exposer, page, select, where, or, type Kinds } from '../daemon/objects'

const size = 200
const most = 30

export class Pages {
	/** How many rows can be scrolled to: those read so far, and one page more if there is one. */
	length = $state(0)
	/** How many there are, undefined until that is known. */
	total = $state<number>()
	problem = $state('')
	/** What the daemon says about how it found them. */
	warning = $state('')
	/** Rows have been added or changed their order: the list is not what it would be now. */
	stale = $state(false)

	#pages = $state.raw(new Map<number, SelectedRow[]>())
	#cursors: string[] = ['']
	#ended = false
	#reading = new Set<number>()
	#wanted: [number, number] = [0, 0]
	#abort = new AbortController()
	#sizes: number[] = []

	constructor(
		readonly kind: keyof Kinds,
		readonly module: string,
		readonly query: Query,
		readonly exposers: Exposer[],
	) {
		void this.#fetch(0)
		void this.#count()
	}

	/** Forgets everything; nothing more is read. */
	close(): void {
		this.#abort.abort()
	}

	row(index: number): SelectedRow | undefined {
		return this.#pages.get(Math.floor(index / size))?.[index % size]
	}

	/** All rows that are read. */
	rows(): SelectedRow[] {
		return [...this.#pages.values()].flat()
	}

	/** Makes sure that some rows are read, as far as pages lead there. */
	show(first: number, last: number): void {
		this.#wanted = [Math.floor(Math.max(0, first) / size), Math.floor(Math.max(0, last) / size)]
		for (let p = this.#wanted[0]; p <= this.#wanted[1]; p++) {
			if (!this.#pages.has(p) && this.#cursors[p] !== undefined) void this.#fetch(p)
		}
	}

	async #count(): Promise<void> {
		try {
			this.total = await count(this.kind, this.module, this.query.Filter, this.#abort.signal)
		} catch {
			// Without the number the list is as good.
		}
	}

	async #fetch(p: number): Promise<void> {
		if (this.#reading.has(p)) return
		this.#reading.add(p)
		try {
			const got = await page(this.kind, this.module, this.query, this.exposers, size, this.#cursors[p], this.#abort.signal)
			this.problem = ''
			if (p === 0) this.warning = (got.trace?.WarningData ?? []).map((w) => w.Message || w.Reason).join('\n')
			const pages = new Map(this.#pages).set(p, got.rows)
			for (const other of pages.keys()) {
				if (pages.size > most && (other < this.#wanted[0] - most / 3 || other > this.#wanted[1] + most / 3)) pages.delete(other)
			}
			this.#pages = pages
			this.#sizes[p] = got.rows.length
			// A page may have fewer rows than asked for only where it is the last: then
			// its cursor is empty.
			if (got.cursor) this.#cursors[p + 1] = got.cursor
			else this.#ended = true
			const read = (this.#cursors.length - 1) * size
			this.length = this.#ended ? read + (this.#sizes[this.#cursors.length - 1] ?? 0) : read + size
			this.#reading.delete(p)
			this.show(this.#wanted[0] * size, this.#wanted[1] * size)
		} catch (error) {
			this.#reading.delete(p)
			if (!this.#abort.signal.aborted) this.problem = (error as Error).message
		}
	}

	/**
	 * Takes up that objects have changed: rows that are shown are read again, those
	 * that are gone or do not fit the filter any more vanish, and others count.
	 */
	async refresh(keys: Set<string>, more: boolean): Promise<void> {
		const shown = this.rows().filter((r) => keys.has(r.Key)).map((r) => r.Key)
		if (more || shown.length < keys.size) this.stale = true
		void this.#count()
		if (shown.length === 0) return
		if (shown.length > 500) {
			this.stale = true
			return
		}
		try {
			const only = or(...shown.map((key) => where(exposer('Id'), '==', { Guid: key })))
			const now = new Map(
				(await select(this.kind, this.module, { Filter: and(this.query.Filter, only), Max: shown.length }, this.exposers, this.#abort.signal)).map((r) => [r.Key, r]),
			)
			const pages = new Map(this.#pages)
			for (const [p, rows] of pages) {
				if (rows.some((r) => shown.includes(r.Key))) pages.set(p, rows.map((r) => (shown.includes(r.Key) ? (now.get(r.Key) ?? { Key: r.Key, Values: null }) : r)))
			}
			this.#pages = pages
		} catch {
			this.stale = true
		}
	}
}
