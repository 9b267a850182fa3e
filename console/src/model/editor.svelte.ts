// One object of a model while it is edited: what is stored, what is typed, and
// what the daemon says about it.

import { CrudFailed, messageOf } from '../daemon/call'
import type { ErrorData } from '../daemon/messages'
import { create, readOne, remove, update, type Kinds } from '../daemon/objects'
import { reasonText } from '../daemon/reasons'

export type Editable = 'SectionDefinition' | 'DomDefinition' | 'DomBehaviorDefinition' | 'ModuleSettings'

interface Refusal {
	text: string
	/** The ids of what it is about. */
	ids: string[]
}

export class Editor<K extends Editable> {
	draft = $state() as Kinds[K]
	busy = $state(false)
	problem = $state('')
	warning = $state('')
	refusals = $state.raw<Refusal[]>([])
	/** Somebody else has stored another version meanwhile. */
	newer = $state.raw<Kinds[K]>()

	#original = $state.raw() as Kinds[K]
	readonly dirty = $derived.by(() => this.isNew || JSON.stringify(this.draft) !== JSON.stringify(this.#original))

	constructor(
		readonly kind: K,
		readonly module: string,
		object: Kinds[K],
		readonly isNew: boolean,
	) {
		this.#take(object)
	}

	get original(): Kinds[K] {
		return this.#original
	}

	#take(object: Kinds[K]): void {
		this.#original = object
		this.draft = structuredClone(object)
		this.refusals = []
		this.problem = ''
		this.newer = undefined
	}

	/** Takes up what is stored by now: at once where nothing is typed. */
	follow(object: Kinds[K] | undefined): void {
		if (!object || this.isNew || (object.Revision ?? 0) <= (this.#original.Revision ?? 0)) return
		if (this.dirty) this.newer = object
		else this.#take(object)
	}

	/** Gives up what was typed. */
	reset(): void {
		this.#take(this.newer ?? this.#original)
	}

	/** Keeps what was typed, and lets it replace what somebody else has stored. */
	replace(): void {
		if (!this.newer) return
		this.#original = this.newer
		this.draft.Revision = this.newer.Revision
		this.newer = undefined
		this.refusals = []
	}

	/** What the daemon refuses about the thing with this id. */
	about(...ids: (string | undefined)[]): string {
		return this.refusals
			.filter((r) => r.ids.some((id) => id !== '' && ids.includes(id)))
			.map((r) => r.text)
			.join('\n')
	}

	/** What it refuses about the object as a whole, or about things that are not shown. */
	rest(...shown: (string | undefined)[]): string[] {
		return this.refusals.filter((r) => !r.ids.some((id) => shown.includes(id))).map((r) => r.text)
	}

	/** Stores it. The result is what is stored, undefined where it was refused. */
	async save(): Promise<Kinds[K] | undefined> {
		return this.#attempt(async () => {
			const object = $state.snapshot(this.draft) as Kinds[K]
			const module = this.kind === 'ModuleSettings' ? '' : this.module
			const answer = this.isNew ? await create(this.kind, module, object) : await update(this.kind, module, object)
			this.#take(answer.object)
			this.warning = (answer.trace?.WarningData ?? []).map((w) => w.Message || w.Reason).join('\n')
			return answer.object
		})
	}

	async remove(): Promise<boolean> {
		const done = await this.#attempt(async () => {
			await remove(this.kind, this.kind === 'ModuleSettings' ? '' : this.module, keyOf(this.#original))
			this.draft = structuredClone(this.#original)
			return true
		})
		return done ?? false
	}

	async #attempt<T>(run: () => Promise<T>): Promise<T | undefined> {
		this.busy = true
		this.problem = this.warning = ''
		this.refusals = []
		try {
			return await run()
		} catch (error) {
			if (!(error instanceof CrudFailed)) this.problem = messageOf(error)
			else {
				this.refusals = (error.trace.ErrorData ?? []).map((e) => ({ text: said(e), ids: idsOf(e) }))
				if ((error.trace.ErrorData ?? []).some((e) => e.Reason === 'ObjectChangedSinceRead')) {
					this.newer = await readOne(this.kind, this.kind === 'ModuleSettings' ? '' : this.module, keyOf(this.#original))
				}
			}
			return undefined
		} finally {
			this.busy = false
		}
	}
}

function keyOf(object: Kinds[Editable]): string {
	return 'Id' in object ? object.Id : object.ModuleId
}

function said(error: ErrorData): string {
	const text = reasonText(error)
	return error.Message && error.Message !== text ? `${text}\n${error.Message}` : text
}

/** All ids that the properties of an error name. */
export function idsOf(error: ErrorData): string[] {
	const p = error.Properties ?? {}
	return [
		...(p.Ids ?? []),
		...(p.FieldDescriptorIds ?? []),
		...(p.SectionDefinitionIds ?? []),
		p.StatusId ?? '',
		p.TransitionId ?? '',
		p.Value ?? '',
		...(p.AssociatedFields ?? []).map((f) => f.FieldDescriptorId),
	].filter(Boolean)
}
