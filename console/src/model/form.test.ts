import { describe, expect, test } from 'vitest'
import type { BehaviorDefinition, Definition, FieldDescriptor, Instance, SectionDefinition, TraceData } from '../daemon/messages'
import { noID } from '../daemon/objects'
import { join } from './behavior'
import { InstanceForm, rulesOf } from './form.svelte'

const field = (id: string, more: Partial<FieldDescriptor> = {}) => ({ Id: id, Name: id, FieldType: 'String', ...more }) as FieldDescriptor
const person: SectionDefinition = {
	Id: 'person',
	Name: 'Person',
	FieldDescriptors: [field('name'), field('age', { FieldType: 'Long', IsOptional: true }), field('note', { IsOptional: true, DefaultValue: 'new' })],
}
const address: SectionDefinition = { Id: 'address', Name: 'Address', FieldDescriptors: [field('street')] }
const model = { section: (id: string) => [person, address].find((s) => s.Id === id) }
const definition: Definition = {
	Id: 'd',
	DomBehaviorDefinitionId: noID,
	SectionDefinitionLinks: [{ SectionDefinitionId: 'person' }, { SectionDefinitionId: 'address', IsOptional: true, AllowMultipleSections: true }],
}
const behavior = {
	Id: 'b',
	ParentId: noID,
	InitialStatusId: 'draft',
	Statuses: [{ Id: 'draft' }, { Id: 'done' }],
	StatusSectionDefinitionLinks: [
		{ StatusId: 'draft', SectionDefinitionId: 'person', FieldDescriptorLinks: [{ FieldDescriptorId: 'name', Visible: true, RequiredForStatus: true }, { FieldDescriptorId: 'note' }] },
		{ StatusId: 'done', SectionDefinitionId: 'person', FieldDescriptorLinks: [{ FieldDescriptorId: 'name', Visible: true, ReadOnly: true }] },
	],
} as BehaviorDefinition
const system = join(behavior, undefined)

const stored = (): Instance => ({
	Id: 'i',
	DomDefinitionId: 'd',
	Revision: 3,
	Sections: [
		{ Id: 's1', SectionDefinitionId: 'person', FieldValues: [{ FieldDescriptorId: 'name', Value: 'Ann' }, { FieldDescriptorId: 'age', Value: { Long: '9007199254740993' } }] },
		{ Id: 's2', SectionDefinitionId: 'elsewhere', FieldValues: [{ FieldDescriptorId: 'x', Value: 1 }] },
	],
})
const blank = (): Instance => ({ Id: 'i', DomDefinitionId: 'd' })
const open = (instance = stored(), isNew = false) => new InstanceForm(instance, rulesOf(model, definition, undefined, ''), isNew)
const at = (form: InstanceForm, id: string) => form.sections.flatMap((s) => s.fields).find((f) => f.rule.field.Id === id)!

describe('what is stored', () => {
	test('a form in which nothing was typed stores what was read, to the last digit', () => {
		const form = open()
		expect(form.dirty).toBe(false)
		expect(form.build()).toEqual(stored())
	})

	test('a value that was typed replaces one; the others stay, also those the form does not show', () => {
		const form = open()
		at(form, 'name').draft = 'Bea'
		const built = form.build()
		expect(built.Sections![0].FieldValues).toEqual([{ FieldDescriptorId: 'name', Value: 'Bea' }, stored().Sections![0].FieldValues![1]])
		expect(built.Sections![1]).toEqual(stored().Sections![1])
		expect(built.Revision).toBe(3)
	})

	test('an emptied field has no value', () => {
		const form = open()
		at(form, 'age').draft = ''
		expect(form.build().Sections![0].FieldValues).toEqual([{ FieldDescriptorId: 'name', Value: 'Ann' }])
	})

	test('a new instance begins with the defaults, and an optional section that stays empty is left out', () => {
		const form = open(blank(), true)
		at(form, 'name').draft = 'Cem'
		const built = form.build()
		expect(built.Sections!.map((s) => s.SectionDefinitionId)).toEqual(['person'])
		expect(built.Sections![0].FieldValues).toEqual([{ FieldDescriptorId: 'name', Value: 'Cem' }, { FieldDescriptorId: 'note', Value: 'new' }])
	})

	test('sections are added and removed', () => {
		const form = open()
		const rule = form.rules[1]
		const added = form.add(rule)
		added.fields[0].draft = 'Main Street'
		expect(form.build().Sections!.map((s) => s.SectionDefinitionId)).toEqual(['person', 'elsewhere', 'address'])
		form.remove(form.sections[0])
		expect(form.build().Sections!.map((s) => s.SectionDefinitionId)).toEqual(['elsewhere', 'address'])
		expect(form.dirty).toBe(true)
	})
})

describe('what is asked for', () => {
	test('without a status the definition says what is required', () => {
		const form = open(blank(), true)
		expect(form.validate()).toBe(false)
		expect(at(form, 'name').error).not.toBe('')
		expect(at(form, 'street').error).toBe('')
		at(form, 'name').draft = 'Dee'
		expect(form.validate()).toBe(true)
		at(form, 'age').draft = 'old'
		expect(form.validate()).toBe(false)
		expect(at(form, 'age').draft).toBe('old')
	})

	test('the status decides what is visible, required and read-only', () => {
		const [draft] = rulesOf(model, definition, system, 'draft')
		expect(draft.fields.map((f) => [f.field.Id, f.visible, f.required, f.readOnly])).toEqual([
			['name', true, true, false],
			['note', false, false, false],
		])
		const [done] = rulesOf(model, definition, system, 'done')
		expect(done.fields.map((f) => [f.field.Id, f.required, f.readOnly])).toEqual([['name', false, true]])
	})

	test('a required field of a status is required also where there is no section', () => {
		const form = new InstanceForm(blank(), rulesOf(model, definition, system, 'draft'), true)
		expect(form.validate()).toBe(false)
	})

	test('a value that the status does not have is shown, so that it can be emptied', () => {
		const form = new InstanceForm(stored(), rulesOf(model, definition, system, 'done'), false)
		expect(at(form, 'age').rule.stray).toBe(true)
		at(form, 'age').draft = ''
		expect(form.build().Sections![0].FieldValues).toEqual([{ FieldDescriptorId: 'name', Value: 'Ann' }])
	})
})

describe('where errors stand', () => {
	const trace = (properties: object): TraceData => ({ ErrorData: [{ Type: 'DomInstanceError', Reason: 'ValueTooLarge', Message: 'too large', Properties: properties }] })

	test('at the field they are about, and nothing typed is lost', () => {
		const form = open()
		at(form, 'age').draft = '1'
		form.place(trace({ AssociatedFields: [{ SectionDefinitionId: 'person', SectionId: 's1', FieldDescriptorId: 'age' }] }))
		expect(at(form, 'age').error).toContain('too large')
		expect(at(form, 'name').error).toBe('')
		expect(at(form, 'age').draft).toBe('1')
		expect(form.refusals).toEqual([])
	})

	test('at the field where no section is named, at the section, and else at the form', () => {
		const form = open()
		form.place(trace({ AssociatedFields: [{ SectionDefinitionId: 'person', SectionId: noID, FieldDescriptorId: 'name' }] }))
		expect(at(form, 'name').refusal).not.toBe('')
		form.place(trace({ InvalidSections: ['person'] }))
		expect(at(form, 'name').refusal).toBe('')
		expect(form.sections[0].refusal).not.toBe('')
		form.place(trace({}))
		expect(form.sections[0].refusal).toBe('')
		expect(form.refusals).toHaveLength(1)
	})
})

describe('what somebody else stores meanwhile', () => {
	test('shows in fields that were not touched, and stands beside what was typed', () => {
		const form = open()
		at(form, 'name').draft = 'Mine'
		const newer = stored()
		newer.Revision = 4
		newer.Sections![0].FieldValues![0].Value = 'Theirs'
		newer.Sections![0].FieldValues![1].Value = 5
		form.rebase(newer, form.rules)
		expect(at(form, 'name').draft).toBe('Mine')
		expect(at(form, 'name').theirs).toEqual({ value: 'Theirs' })
		expect(at(form, 'age').draft).toBe('5')
		expect(form.build().Revision).toBe(4)
		expect(form.build().Sections![0].FieldValues![0].Value).toBe('Mine')
	})

	test('leaves the sections of a new instance where they are: what is typed into stays on the screen', () => {
		const form = open(blank(), true)
		const ids = form.sections.map((s) => s.id)
		at(form, 'name').draft = 'Half a na'
		at(form, 'note').draft = ''
		at(form, 'age').touched = true
		form.rebase(form.instance, rulesOf(model, definition, undefined, ''))
		expect(form.sections.map((s) => s.id)).toEqual(ids)
		expect(at(form, 'name').draft).toBe('Half a na')
		expect(at(form, 'note').draft, 'an emptied default').toBe('')
		expect(at(form, 'age').touched).toBe(true)
	})

	test('leaves a section that was added, and what the daemon has said of a field', () => {
		const form = open()
		form.add(form.rules[1]).fields[0].draft = 'Main Street'
		const added = form.add(form.rules[1])
		at(form, 'age').refusal = 'too large'
		const newer = stored()
		newer.Sections!.push({ Id: 's3', SectionDefinitionId: 'address', FieldValues: [{ FieldDescriptorId: 'street', Value: 'Side Street' }] })
		form.rebase(newer, form.rules)
		expect(form.of(form.rules[1]).map((s) => s.fields[0].draft)).toEqual(['Side Street', 'Main Street', ''])
		expect(form.sections.some((s) => s.id === added.id)).toBe(true)
		expect(at(form, 'age').error).toBe('too large')
		expect(form.build().Sections!.map((s) => s.Id).slice(0, 3)).toEqual(['s1', 's2', 's3'])
	})

	test('takes a draft along only where the field still has such values', () => {
		const form = open(blank(), true)
		at(form, 'age').draft = '5'
		const lists: SectionDefinition = { ...person, FieldDescriptors: person.FieldDescriptors!.map((f) => (f.Id === 'age' ? { ...f, FieldType: 'List<String>' } : f)) }
		form.rebase(form.instance, rulesOf({ section: (id) => (id === 'person' ? lists : model.section(id)) }, definition, undefined, ''))
		expect(at(form, 'age').draft).toEqual([])
	})
})
