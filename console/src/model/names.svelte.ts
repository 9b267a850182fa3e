// What the instances that fields refer to are called: asked for once, many together.

import type { FieldDescriptor, Value } from '../daemon/messages'
import { exposer, noID, or, select, where } from '../daemon/objects'
import { readable } from './value'

const most = 200

/** What a reference field shows of an instance: the field it names, and the instance's name. */
export function shows(field: FieldDescriptor) {
	const shown = field.Reference?.FieldDescriptorId
	return shown && shown !== noID ? exposer('FieldValue', shown) : exposer('Name')
}

/** The first of the values of shows and of the name that says something. */
export function label(values: (Value[] | null)[] | null): string {
	return readable(values?.[0]?.[0]) || readable(values?.[1]?.[0])
}

export class Names {
	/** By the field and the instance; null where there is none, or none for the caller. */
	#names = $state<Record<string, string | null>>({})
	#asked = new Set<string>()

	/** The module that references lead to, where the field names no other. */
	constructor(readonly module: string) {}

	target(field: FieldDescriptor): string {
		return field.Reference?.ModuleId || this.module
	}

	/** What an instance is called: undefined while that is not known, null where there is none. */
	of(field: FieldDescriptor, id: string): string | null | undefined {
		return this.#names[field.Id + id]
	}

	/** Notes a name that is known. */
	set(field: FieldDescriptor, id: string, name: string): void {
		this.#asked.add(field.Id + id)
		this.#names[field.Id + id] = name
	}

	/** Asks for the names that are not known yet. */
	async ask(field: FieldDescriptor, ids: Iterable<string>): Promise<void> {
		const unknown = [...new Set(ids)].filter((id) => id.length === 36 && !this.#asked.has(field.Id + id))
		for (const id of unknown) this.#asked.add(field.Id + id)
		for (let i = 0; i < unknown.length; i += most) {
			const part = unknown.slice(i, i + most)
			const found: Record<string, string> = {}
			try {
				const filter = or(...part.map((id) => where(exposer('Id'), '==', { Guid: id })))
				for (const row of await select('DomInstance', this.target(field), { Filter: filter, Max: part.length }, [shows(field), exposer('Name')])) found[row.Key] = label(row.Values)
			} catch {
				// Whose module cannot be read, its instances stay ids.
			}
			for (const id of part) this.#names[field.Id + id] = found[id] ?? null
		}
	}
}
