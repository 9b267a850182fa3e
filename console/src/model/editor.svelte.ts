// One object of a model while it is edited: what is stored, what is typed, and
// what the daemon says about it.

import { CrudFailed, messageOf } from '../daemon/call'
import type { ErrorData } from '../daemon/messages'
import { create, readOne, remove, update, type Kinds } from '../daemon/objects'
import { reasonText } from '../daemon/reasons'
import { Edit } from './edit.svelte'

export type Editable = 'SectionDefinition' | 'DomDefinition' | 'DomBehaviorDefinition' | 'ModuleSettings'

interface Refusal {
	text: string
	/** The ids of what it is about. */
	ids: string[]
}

export class Editor<K extends Editable> extends Edit<Kinds[K]> {
	busy = $state(false)
	problem = $state('')
	warning = $state('')
	refusals = $state.raw<Refusal[]>([])

	constructor(
		readonly kind: K,
		readonly module: string,
		object: Kinds[K],
		isNew: boolean,
	) {
		super(object, isNew)
	}

	override take(object: Kinds[K]): void {
		super.take(object)
		this.refusals = []
		this.problem = ''
	}

	override follow(object: Kinds[K] | undefined): void {
		super.follow(object, object?.LastModifiedBy)
	}

	override replace(): void {
		super.replace()
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
			this.settle(object, answer.object)
			this.warning = (answer.trace?.WarningData ?? []).map((w) => w.Message || w.Reason).join('\n')
			return answer.object
		})
	}

	async remove(): Promise<boolean> {
		const done = await this.#attempt(async () => {
			await remove(this.kind, this.kind === 'ModuleSettings' ? '' : this.module, keyOf(this.original))
			this.reset()
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
					this.follow(await readOne(this.kind, this.kind === 'ModuleSettings' ? '' : this.module, keyOf(this.original)))
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
