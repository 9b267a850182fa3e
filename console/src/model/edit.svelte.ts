// What is typed, beside what is stored of it. Others may store another version
// meanwhile: what they have changed is taken up where nothing is typed, and where
// both have changed the same the person decides. So nothing that is typed is lost,
// and nothing that others have stored is overwritten unseen.

export class Edit<T extends object> {
	draft = $state() as T
	/** What somebody else has stored, of which the same parts are typed here. */
	newer = $state.raw<T>()
	/** Who has stored what came last from others, and what to say of it; empty where there was nothing. */
	by = $state('')
	note = $state('')
	/** Somebody else has deleted it. */
	gone = $state(false)

	#original = $state.raw() as T
	/** Something is typed that is not stored. */
	readonly touched = $derived.by(() => differing(this.draft, this.#original).length > 0)
	/** There is something to store; a new one can be stored as it is. */
	readonly dirty = $derived.by(() => this.isNew || this.touched)

	constructor(
		stored: T,
		readonly isNew = false,
	) {
		this.#original = stored
		this.draft = structuredClone(stored)
	}

	/** What is stored, as far as it is known. */
	get original(): T {
		return this.#original
	}

	/** Begins anew with what is stored. */
	take(stored: T): void {
		this.#original = stored
		this.draft = structuredClone(stored)
		this.newer = undefined
		this.note = ''
	}

	/**
	 * Takes up what is stored by now; undefined says that it is deleted. by is who
	 * has stored it, empty for the person who types.
	 */
	follow(stored: T | undefined, by = ''): void {
		if (this.isNew) return
		this.gone = !stored
		if (!stored || revision(stored) < revision(this.#original)) return
		const theirs = differing(stored, this.#original)
		if (theirs.length === 0) {
			this.newer = undefined
			return
		}
		const both = theirs.filter((key) => !same(this.draft[key], this.#original[key]) && !same(this.draft[key], stored[key]))
		const touched = this.touched
		this.by = by || 'Somebody'
		if (both.length) {
			this.newer = stored
			this.note = ''
			return
		}
		this.#merge(stored)
		if (by) this.note = touched ? `${by} has changed it meanwhile. What you typed stands beside that.` : `${by} has changed it.`
	}

	/** Takes up that what was sent is stored. What was typed since then stays. */
	settle(sent: T, stored: T): void {
		this.#original = sent
		this.#merge(stored)
		this.note = ''
	}

	/** Gives up what was typed. */
	reset(): void {
		this.take(this.newer ?? this.#original)
	}

	/** Keeps what was typed, in the place of what somebody else has stored there. */
	replace(): void {
		if (this.newer) this.#merge(this.newer)
	}

	#merge(stored: T): void {
		for (const key of differing(stored, this.#original)) {
			if (!same(this.draft[key], this.#original[key])) continue
			if (stored[key] === undefined) delete this.draft[key]
			else this.draft[key] = structuredClone(stored[key])
		}
		this.#original = stored
		this.newer = undefined
	}
}

/** The parts in which two objects differ. */
function differing<T extends object>(a: T, b: T): (keyof T)[] {
	return [...new Set([...Object.keys(a), ...Object.keys(b)])].filter((key) => !same(a[key as keyof T], b[key as keyof T])) as (keyof T)[]
}

function same(a: unknown, b: unknown): boolean {
	return a === b || JSON.stringify(a) === JSON.stringify(b)
}

function revision(of: object): number {
	return (of as { Revision?: number }).Revision ?? 0
}
