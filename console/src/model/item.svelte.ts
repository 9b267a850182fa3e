// An object that has a page: read, kept up to date, typed into, stored, deleted.
// The daemon tells of no changes of these, so they are read again while somebody
// looks, and before they are stored.

import { messageOf, RequestError } from '../daemon/call'
import { Edit } from './edit.svelte'
import { Reading } from './reading.svelte'

/** What all such objects have. */
export interface Identified {
	Id: string
	Name: string
	ChangedBy?: string
}

/** How the daemon is asked about an object, which may have another form while it is typed. */
export interface Source<T> {
	/** What a new one begins with; undefined for one that is stored. */
	blank?: T
	read: (signal: AbortSignal) => Promise<T | undefined>
	/** Stores it, and gives what is stored; undefined where the page shows what is wrong with it. */
	store: (draft: T) => Promise<T | undefined>
	remove: () => Promise<unknown>
}

export class Item<T extends Identified> {
	/** Undefined until it has been read. */
	edit = $state.raw<Edit<T>>()
	/** There is none, or none for the caller. */
	missing = $state(false)
	busy = $state(false)
	problem = $state('')
	/** A new one, once it is stored. */
	created = $state.raw<T>()

	readonly isNew: boolean
	readonly reading: Reading<void>
	#source: Source<T>

	constructor(source: Source<T>) {
		this.#source = source
		this.isNew = source.blank !== undefined
		if (source.blank) this.edit = new Edit(source.blank, true)
		this.reading = new Reading(async (signal) => {
			const stored = await source.read(signal).catch((error: unknown) => {
				if (error instanceof RequestError && error.kind === 'NotFound') return undefined
				throw error
			})
			if (!signal.aborted) this.#met(stored)
		})
	}

	/** What is typed. */
	get draft(): T | undefined {
		return this.edit?.draft
	}

	/** What is stored; undefined for a new one. */
	get stored(): T | undefined {
		return this.isNew ? undefined : this.edit?.original
	}

	/** Reads it while somebody looks, until the function returned is called. */
	follow(): (() => void) | undefined {
		return this.isNew ? undefined : this.reading.every(10)
	}

	#met(stored: T | undefined): void {
		if (this.edit) this.edit.follow(stored, stored?.ChangedBy || 'Somebody')
		else if (stored) this.edit = new Edit(stored)
		this.missing = !this.edit
	}

	/** Stores what is typed. The result is what is stored, undefined where it was not. */
	async save(): Promise<T | undefined> {
		const edit = this.edit
		if (!edit || this.busy || this.created) return undefined
		const stored = await this.attempt(async () => {
			if (!this.isNew) await this.reading.again()
			if (edit.newer) return undefined
			const sent = $state.snapshot(edit.draft) as T
			const answer = await this.#source.store(sent)
			if (answer) edit.settle(sent, answer)
			return answer
		})
		if (this.isNew) this.created = stored
		return stored
	}

	/** Does something else with it, such as pausing. What is typed stays as it is. */
	async act(what: () => Promise<T | undefined | void>): Promise<void> {
		await this.attempt(async () => {
			const stored = await what()
			if (stored) this.edit?.follow(stored)
		})
	}

	/** Deletes it, and reports whether it is gone. */
	async remove(): Promise<boolean> {
		return (await this.attempt(async () => (await this.#source.remove(), true))) ?? false
	}

	async attempt<R>(what: () => Promise<R>): Promise<R | undefined> {
		this.busy = true
		this.problem = ''
		try {
			return await what()
		} catch (error) {
			this.problem = messageOf(error)
			if (!this.isNew && error instanceof RequestError && error.kind === 'Conflict') await this.reading.again()
			return undefined
		} finally {
			this.busy = false
		}
	}
}
