// The form of an instance: its sections and fields as the definition, or the
// status, has them; what is typed; what is wrong where.

import { reasonText } from '../daemon/reasons'
import type { Definition, ErrorData, FieldDescriptor, Instance, Section, SectionDefinition, TraceData, Value } from '../daemon/messages'
import { noID } from '../daemon/objects'
import { linksOf, type StatusSystem } from './behavior'
import { draftOf, equal, parseDraft, type Draft, type Parsed } from './value'

/** What holds for a field where the instance is. */
export interface FieldRule {
	field: FieldDescriptor
	visible: boolean
	required: boolean
	readOnly: boolean
	/** The instance has a value that it must not have in this status. */
	stray?: boolean
}

/** What holds for a section. */
export interface SectionRule {
	definition: SectionDefinition
	multiple: boolean
	/** There must be one. */
	required: boolean
	/** What is required in it is required also where there is none. */
	always: boolean
	fields: FieldRule[]
}

interface Lookup {
	section(id: string): SectionDefinition | undefined
}

/** The rules for the instances of a definition in a status. */
export function rulesOf(model: Lookup, definition: Definition, system: StatusSystem | undefined, status: string): SectionRule[] {
	return system ? rulesOfStatus(model, system, status) : rulesOfDefinition(model, definition)
}

function rulesOfDefinition(model: Lookup, definition: Definition): SectionRule[] {
	return (definition.SectionDefinitionLinks ?? []).flatMap((link) => {
		const section = model.section(link.SectionDefinitionId)
		if (!section) return []
		const fields = (section.FieldDescriptors ?? []).map((field) => ({
			field,
			visible: !field.IsHidden,
			required: !field.IsOptional && !field.IsSoftDeleted && field.Kind !== 'StaticText' && field.Kind !== 'AutoIncrement',
			readOnly: !!field.IsReadonly || !!field.IsSoftDeleted || field.Kind === 'StaticText' || field.Kind === 'AutoIncrement',
		}))
		const required = !link.IsOptional && !link.IsSoftDeleted
		return [{ definition: section, multiple: !!link.AllowMultipleSections, required, always: required, fields }]
	})
}

function rulesOfStatus(model: Lookup, system: StatusSystem, status: string): SectionRule[] {
	return linksOf(system, status).flatMap((link) => {
		const section = model.section(link.SectionDefinitionId)
		if (!section) return []
		const links = link.FieldDescriptorLinks ?? []
		const fields = (section.FieldDescriptors ?? []).flatMap((field): FieldRule[] => {
			// Of several links of one field everything counts that one of them demands.
			const own = links.filter((l) => l.FieldDescriptorId === field.Id)
			if (own.length === 0) return []
			const special = field.Kind === 'StaticText' || field.Kind === 'AutoIncrement'
			return [
				{
					field,
					visible: own.some((l) => l.Visible),
					required: own.some((l) => l.RequiredForStatus) && !special && !field.IsSoftDeleted,
					readOnly: own.some((l) => l.ReadOnly || l.ClientReadOnly) || special || !!field.IsSoftDeleted,
				},
			]
		})
		return [{ definition: section, multiple: !!link.AllowMultipleSections, required: false, always: !link.IsSoftDeleted, fields }]
	})
}

/** One field of one section, as it is typed. */
export class FormField {
	draft = $state<Draft>('')
	/** What the daemon has said about it. */
	refusal = $state('')
	/** Whether it was left once: until then what is missing is not complained about. */
	touched = $state(false)
	/** What somebody else has made of it while it was typed. */
	theirs = $state.raw<{ value: Value | undefined }>()

	#before = $state<Draft>('')

	readonly parsed: Parsed = $derived.by(() => parseDraft(this.draft, this.rule.field.FieldType))
	readonly changed = $derived.by(() => JSON.stringify(this.draft) !== JSON.stringify(this.#before))

	constructor(
		readonly rule: FieldRule,
		public original: Value | undefined,
		start = original,
	) {
		this.#before = draftOf(original, rule.field.FieldType)
		this.draft = draftOf(start, rule.field.FieldType)
	}

	/** What is wrong with it: what was typed, what is missing, what the daemon said. */
	get error(): string {
		if ('error' in this.parsed) return this.parsed.error
		if (this.refusal) return this.refusal
		if (this.touched && this.missing) return 'A value is required here.'
		return ''
	}

	get missing(): boolean {
		return this.rule.required && 'none' in this.parsed
	}

	/** The value as it will be stored; one that was not touched is what was read. */
	get value(): Value | undefined {
		if (!this.changed) return this.original
		return 'value' in this.parsed ? this.parsed.value : undefined
	}

	/** Takes over what was typed into the same field before it was read again. */
	take(was: FormField): void {
		this.touched = was.touched
		this.refusal = was.refusal
		const same = equal(was.original, this.original)
		// A default that was emptied stays empty; a list has another form than one value.
		if ((!was.changed && !(same && this.changed)) || Array.isArray(was.draft) !== Array.isArray(this.draft)) return
		this.draft = was.draft
		if (this.changed) this.theirs = same ? was.theirs : { value: this.original }
	}

	/** Back to what is stored. */
	reset(): void {
		this.draft = this.#before
		this.theirs = undefined
		this.refusal = ''
	}
}

/** One section, as it is typed. */
export class FormSection {
	refusal = $state('')
	readonly fields: FormField[]

	constructor(
		readonly rule: SectionRule,
		readonly id: string,
		readonly original: Section | undefined,
		defaults: boolean,
	) {
		this.fields = rule.fields.map((r) => {
			const value = original?.FieldValues?.find((v) => v.FieldDescriptorId === r.field.Id)?.Value
			return new FormField(r, value, defaults && value === undefined ? r.field.DefaultValue : value)
		})
	}

	get shown(): FormField[] {
		return this.fields.filter((f) => f.rule.visible || f.error)
	}

	get changed(): boolean {
		return this.fields.some((f) => f.changed)
	}

	/** Takes over what was typed into the same section before it was read again. */
	take(old: FormSection): void {
		this.refusal = old.refusal
		for (const f of this.fields) {
			const was = old.fields.find((o) => o.rule.field.Id === f.rule.field.Id)
			if (was) f.take(was)
		}
	}
}

function sectionOf(rule: SectionRule, original: Section | undefined, defaults: boolean, id: string = crypto.randomUUID()): FormSection {
	return new FormSection(rule, original?.Id ?? id, original, defaults)
}

/** The form of one instance, new or stored. */
export class InstanceForm {
	sections = $state.raw<FormSection[]>([])
	/** What is wrong with the instance as a whole. */
	refusals = $state<string[]>([])
	instance = $state.raw<Instance>() as Instance
	/** The sections that were taken away. */
	#removed = $state.raw<string[]>([])
	/** Those that were added; they stay empty until something is typed. */
	#added = $state.raw<string[]>([])

	constructor(
		instance: Instance,
		public rules: SectionRule[],
		readonly isNew: boolean,
	) {
		this.instance = instance
		this.sections = this.#build(instance, rules)
	}

	#build(instance: Instance, rules: SectionRule[]): FormSection[] {
		const stored = instance.Sections ?? []
		const list = rules.flatMap((rule) => {
			const own = stored.filter((s) => s.SectionDefinitionId === rule.definition.Id)
			// One without values is shown too, so that there is something to type into.
			return own.length ? own.map((s) => sectionOf(withStray(rule, s), s, false)) : [sectionOf(rule, undefined, this.isNew)]
		})
		return list
	}

	/** Whether anything differs from what is stored. */
	get dirty(): boolean {
		return this.#added.length > 0 || this.#removed.length > 0 || this.sections.some((s) => s.changed)
	}

	of(rule: SectionRule): FormSection[] {
		return this.sections.filter((s) => s.rule.definition.Id === rule.definition.Id)
	}

	add(rule: SectionRule): FormSection {
		const section = sectionOf(rule, undefined, true)
		const last = this.sections.findLastIndex((s) => s.rule.definition.Id === rule.definition.Id)
		this.sections = [...this.sections.slice(0, last + 1), section, ...this.sections.slice(last + 1)]
		this.#added = [...this.#added, section.id]
		return section
	}

	remove(section: FormSection): void {
		if (section.original) this.#removed = [...this.#removed, section.id]
		this.#added = this.#added.filter((id) => id !== section.id)
		this.sections = this.sections.filter((s) => s !== section)
	}

	/** Marks what is missing or cannot be read, and reports whether there is nothing. */
	validate(): boolean {
		let sound = true
		for (const section of this.sections) {
			// An optional section that stays empty needs nothing.
			const used = section.rule.always || section.original !== undefined || section.fields.some((f) => f.value !== undefined)
			for (const f of section.fields) {
				f.touched = used
				if ('error' in f.parsed || (used && f.missing && f.rule.visible && !f.rule.readOnly)) sound = false
			}
		}
		return sound
	}

	/** The instance as it is to be stored. */
	build(): Instance {
		const shown = new Map(this.sections.map((s) => [s.id, s]))
		const sections: Section[] = []
		for (const stored of this.instance.Sections ?? []) {
			const form = shown.get(stored.Id)
			if (form) sections.push(written(form, stored))
			else if (!this.#removed.includes(stored.Id)) sections.push(stored)
		}
		for (const form of this.sections) {
			if (form.original) continue
			const section = written(form, { Id: form.id, SectionDefinitionId: form.rule.definition.Id })
			if (section.FieldValues?.length || form.rule.required) sections.push(section)
		}
		return { ...this.instance, Sections: sections.filter((s) => s.FieldValues?.length || keep(s, shown, this.instance)) }
	}

	/** Puts the errors of an answer where they belong. */
	place(trace: TraceData): void {
		this.clear()
		for (const error of trace.ErrorData ?? []) this.#placeOne(error)
	}

	clear(): void {
		this.refusals = []
		for (const s of this.sections) {
			s.refusal = ''
			for (const f of s.fields) f.refusal = ''
		}
	}

	#placeOne(error: ErrorData): void {
		const text = reasonText(error)
		const p = error.Properties ?? {}
		let placed = 0
		const put = (fields: FormField[]) => {
			for (const f of fields) {
				f.refusal = detailed(error, text)
				placed++
			}
		}
		for (const at of p.AssociatedFields ?? []) {
			const known = at.SectionId !== noID && this.sections.some((s) => s.id === at.SectionId)
			const sections = this.sections.filter((s) => (known ? s.id === at.SectionId : s.rule.definition.Id === at.SectionDefinitionId))
			if (at.FieldDescriptorId === noID) {
				for (const s of sections) s.refusal = text
				placed += sections.length
			} else put(sections.flatMap((s) => s.fields).filter((f) => f.rule.field.Id === at.FieldDescriptorId))
		}
		if (!placed && p.FieldDescriptorIds?.length) {
			const sections = this.sections.filter((s) => !p.SectionIds?.length || p.SectionIds.includes(s.id))
			put(sections.flatMap((s) => s.fields).filter((f) => p.FieldDescriptorIds!.includes(f.rule.field.Id)))
		}
		if (!placed) {
			const ids = [...(p.MissingSections ?? []), ...(p.InvalidSections ?? [])]
			const at = this.sections.filter((s) => p.SectionIds?.includes(s.id) || ids.includes(s.rule.definition.Id))
			for (const s of at) s.refusal = text
			placed += at.length
		}
		if (!placed) this.refusals = [...this.refusals, detailed(error, text)]
		if (p.InnerTraceData) for (const inner of p.InnerTraceData.ErrorData ?? []) this.#placeOne(inner)
	}

	/**
	 * Takes a newer version of the instance, and the rules that hold for it. What
	 * was typed stays where there still is a place for it.
	 */
	rebase(instance: Instance, rules: SectionRule[]): void {
		const rest = new Set(this.sections)
		const sections = this.#build(instance, rules).map((section) => {
			const old = this.sections.find((s) => s.id === section.id) ?? this.sections.find((s) => rest.has(s) && stands(s, section))
			if (!old) return section
			rest.delete(old)
			// The id stays, and with it what the page shows and where the caret is.
			const same = section.original ? section : sectionOf(section.rule, undefined, this.isNew, old.id)
			same.take(old)
			return same
		})
		for (const old of rest) {
			const rule = rules.find((r) => r.definition.Id === old.rule.definition.Id)
			if (!rule?.multiple || old.original || !(this.#added.includes(old.id) || old.changed)) continue
			const section = sectionOf(rule, undefined, true, old.id)
			section.take(old)
			const last = sections.findLastIndex((s) => s.rule.definition.Id === rule.definition.Id)
			sections.splice(last + 1, 0, section)
		}
		const stored = new Set((instance.Sections ?? []).map((s) => s.Id))
		this.#removed = this.#removed.filter((id) => stored.has(id))
		this.sections = sections.filter((s) => !this.#removed.includes(s.id))
		this.instance = instance
		this.rules = rules
	}

	/** Begins anew with what was just stored. */
	stored(instance: Instance, rules: SectionRule[]): void {
		this.#removed = []
		this.#added = []
		this.instance = instance
		this.rules = rules
		this.sections = this.#build(instance, rules)
		this.refusals = []
	}
}

/** Whether what was typed into a section that was not stored belongs into another one by now. */
function stands(old: FormSection, section: FormSection): boolean {
	return !old.original && old.rule.definition.Id === section.rule.definition.Id && !(section.original && section.rule.multiple)
}

/** The rules of a section, and of values in it that it must not have. */
function withStray(rule: SectionRule, section: Section): SectionRule {
	const known = new Set(rule.fields.map((f) => f.field.Id))
	const stray = (section.FieldValues ?? []).flatMap((v): FieldRule[] => {
		const field = rule.definition.FieldDescriptors?.find((f) => f.Id === v.FieldDescriptorId)
		return field && !known.has(field.Id) ? [{ field, visible: true, required: false, readOnly: false, stray: true }] : []
	})
	return stray.length ? { ...rule, fields: [...rule.fields, ...stray] } : rule
}

/** A section with the values of its form; those the form does not have stay. */
function written(form: FormSection, stored: Section): Section {
	const values = (stored.FieldValues ?? []).filter((v) => !form.fields.some((f) => f.rule.field.Id === v.FieldDescriptorId))
	const before = (stored.FieldValues ?? []).map((v) => v.FieldDescriptorId)
	for (const f of form.fields) {
		const value = f.value
		if (value !== undefined) values.push({ FieldDescriptorId: f.rule.field.Id, Value: value })
	}
	const place = (id: string) => (before.includes(id) ? before.indexOf(id) : before.length)
	values.sort((a, b) => place(a.FieldDescriptorId) - place(b.FieldDescriptorId))
	return { ...stored, FieldValues: values }
}

/** A section without values stays if it had none before, or must be there. */
function keep(section: Section, shown: Map<string, FormSection>, before: Instance): boolean {
	if (shown.get(section.Id)?.rule.required) return true
	const was = before.Sections?.find((s) => s.Id === section.Id)
	return was !== undefined && !was.FieldValues?.length
}

/** The reason, and the daemon's words where they say more. */
function detailed(error: ErrorData, text: string): string {
	return error.Message && error.Message !== text ? `${text}\n${error.Message}` : text
}
