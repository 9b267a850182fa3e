// The columns of a table of instances: properties that all have, and fields.

import type { Definition, Exposer, FieldDescriptor } from '../daemon/messages'
import { exposer } from '../daemon/objects'
import { quoteName } from './query'
import type { Model } from './model.svelte'
import { elementOf } from './value'

export interface InstanceColumn {
	/** The name of a property, or the id of a field. */
	id: string
	label: string
	/** The section, for a field. */
	section?: string
	field?: FieldDescriptor
	exposer: Exposer
	/** How it is written in a filter or order. */
	word: string
	end: boolean
}

const properties: [string, string, string][] = [
	['Name', 'Name', 'name'],
	['StatusId', 'Status', 'status'],
	['LastModified', 'Modified', 'modified'],
	['LastModifiedBy', 'Modified by', 'modifiedby'],
	['CreatedAt', 'Created', 'created'],
	['CreatedBy', 'Created by', 'createdby'],
	['Id', 'Id', 'id'],
]

/** All columns there can be. */
export function columnsOf(model: Model, definition: Definition): InstanceColumn[] {
	const base = properties
		.filter(([id]) => id !== 'StatusId' || model.system(definition))
		.map(([id, label, word]) => ({ id, label, word, exposer: exposer(id), end: false }))
	const fields = model.fields(definition)
	const own = fields.map(({ section, field }): InstanceColumn => {
		const name = field.Name ?? ''
		const same = fields.filter((f) => f.field.Name === name)
		return {
			id: field.Id,
			label: same.length > 1 ? `${section.Name}: ${name}` : name || field.Id,
			section: section.Name,
			field,
			exposer: exposer('FieldValue', field.Id),
			word: same.length > 1 ? `${quoteName(section.Name ?? '')}.${quoteName(name)}` : quoteName(name),
			end: ['long', 'double'].includes(elementOf(field.FieldType)),
		}
	})
	return [...base, ...own]
}

/** Those that are shown while nobody has chosen others. */
export function usual(columns: InstanceColumn[]): string[] {
	const fields = columns.filter((c) => c.field && !c.field.IsSoftDeleted && !c.field.IsHidden).slice(0, 5)
	return [...columns.filter((c) => c.id === 'Name' || c.id === 'StatusId'), ...fields, ...columns.filter((c) => c.id === 'LastModified')].map((c) => c.id)
}
