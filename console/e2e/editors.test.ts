// An editor shows a part of an object. What it does not show, or nobody has
// touched, is stored as it was: each object here has every member that it can have.

import { randomUUID } from 'node:crypto'
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { DomObject, ObjectKind } from '../src/daemon/messages'
import { House, password } from './house'
import { none } from './seed'

let house: House
let page: Page

const module = 'full'
const [text, amount, level, number_, hint, other] = Array.from({ length: 6 }, () => randomUUID())
const [section, loose, definition, living, behavior] = Array.from({ length: 5 }, () => randomUUID())

const create = (kind: ObjectKind, object: unknown) => house.send('ManagerStoreCreateRequest', { ModuleId: kind === 'ModuleSettings' ? '' : module, Kind: kind, Object: object as DomObject })

const script = `package main

import (
	"context"

	"domovoi.dev/sdk"
)

type Input struct {
	Times int    \`json:"times"\`
	Of    string \`json:"of"\`
}

func Run(ctx context.Context, engine *sdk.Engine, input Input) error { return nil }
`

beforeAll(async () => {
	house = await House.open()
	await house.send('CreateUserMessage', { Name: 'ann', Password: password, Groups: ['Administrators'] })
	await house.send('DeployScriptMessage', { Name: 'count', Files: [{ Name: 'script.go', Content: script }] })
	await create('ModuleSettings', { ModuleId: module, DomManagerSettings: { ModuleBehaviorDefinition: none, StorageSettings: {} } })
	await create('SectionDefinition', {
		Id: section,
		Name: 'Things',
		FieldDescriptors: [
			{
				Id: text, Name: 'Text', FieldType: 'String', IsOptional: true, IsHidden: true, IsReadonly: true, Tooltip: 'tip', DefaultValue: 'none',
				Validators: [{ Kind: 'Regex', Pattern: '^a', IgnoreCase: true }, { Kind: 'Uri', UriKind: 'Absolute', AcceptedSchemes: ['https', 'mailto'] }, { Kind: 'Email' }],
			},
			{ Id: amount, Name: 'Amount', FieldType: 'Double', IsOptional: true, DefaultValue: { Double: 1.5 } },
			{
				Id: level, Name: 'Level', FieldType: 'GenericEnum<Int>', Kind: 'GenericEnum', IsOptional: true,
				GenericEnum: { EnumName: 'Levels', Entries: [{ DisplayName: 'Low', Value: { Int: 1 }, IsHidden: true }, { DisplayName: 'High', Value: { Int: 2 }, IsSoftDeleted: true }] },
			},
			{ Id: number_, Name: 'Number', FieldType: 'String', Kind: 'AutoIncrement', IsOptional: true, AutoIncrement: { AutoIncrementerId: randomUUID(), IdFormat: 'REF-{0:000}' } },
			{ Id: hint, Name: 'Hint', FieldType: 'String', Kind: 'StaticText', IsOptional: true, StaticText: 'read this' },
			{ Id: other, Name: 'Other', FieldType: 'Guid', Kind: 'DomInstance', IsOptional: true, Reference: { DomDefinitionIds: [definition], FieldDescriptorId: none } },
		],
	})
	await create('SectionDefinition', { Id: loose, Name: 'Loose', FieldDescriptors: [] })
	const link = (status: string) => ({
		StatusId: status, SectionDefinitionId: section, AllowMultipleSections: true, IsSoftDeleted: true,
		FieldDescriptorLinks: [{ FieldDescriptorId: amount, Visible: true, RequiredForStatus: true, ReadOnly: true, ClientReadOnly: true }],
	})
	await create('DomBehaviorDefinition', {
		Id: behavior, Name: 'Life', ParentId: none, InitialStatusId: 'draft',
		Statuses: [{ Id: 'draft', DisplayName: 'Draft' }, { Id: 'done', DisplayName: 'Done' }],
		StatusTransitions: [{ Id: 'finish', FromStatusId: 'draft', ToStatusId: 'done', FlowLevel: 2 }],
		StatusSectionDefinitionLinks: [link('draft'), link('done')],
		ActionDefinitions: [
			{ Id: 'act', Script: 'count', Async: true, ScriptOptions: ['PARAMETERBYNAME:Customer:acme', 'DEFER:true'], IsInteractive: true, Condition: { TransitionId: 'finish' } },
			{ Id: 'again', Script: 'count', Condition: { Statuses: ['draft'] } },
		],
		ButtonDefinitions: [
			{ Id: 'press', Layout: { Text: 'Press', Icon: 'bolt', ToolTip: 'Do it', Order: 3 }, VisibilityCondition: { Statuses: ['draft', 'done'] }, ActionDefinitionIds: ['act'] },
			{ Id: 'idle', Layout: { Text: 'Idle' }, VisibilityCondition: { TransitionId: 'finish' } },
		],
	})
	await create('DomDefinition', {
		Id: definition, Name: 'Thing', DomBehaviorDefinitionId: none,
		SectionDefinitionLinks: [{ SectionDefinitionId: section, IsOptional: true, AllowMultipleSections: true }, { SectionDefinitionId: loose, IsSoftDeleted: true }],
		ModuleSettingsOverrides: {
			NameDefinition: { ConcatenationItems: [{ Value: 'T ', FieldDescriptorId: none }, { FieldDescriptorId: text }] },
			ScriptSettings: { OnCreate: 'a', OnUpdate: 'b', OnDelete: 'c', ScriptType: 'FullCrudMeta', OnUpdateTriggerConditions: [{ FieldDescriptorId: text }, { FieldDescriptorId: none, StatusId: 'done' }] },
			HistorySettings: { StorageBehavior: 'Disabled' },
		},
	})
	await create('DomDefinition', { Id: living, Name: 'Living', DomBehaviorDefinitionId: behavior })
	const settings = (await stored('ModuleSettings', module)) as { DomManagerSettings: object }
	const day = 86_400e9
	await house.send('ManagerStoreUpdateRequest', {
		Kind: 'ModuleSettings',
		Object: {
			...settings,
			DomManagerSettings: {
				ModuleSections: [section],
				FieldAliases: [{ Name: 'sum', FieldDescriptorId: amount }],
				ScriptSettings: { OnCreate: 'a', OnUpdate: 'b', OnDelete: 'c', ScriptType: 'FullCrudMeta', OnUpdateTriggerConditions: [{ FieldDescriptorId: amount }, { FieldDescriptorId: none, StatusId: 'done' }] },
				InformationEventSettings: { Enable: true },
				DomInstanceNameDefinition: { ConcatenationItems: [{ Value: 'x', FieldDescriptorId: none }, { FieldDescriptorId: text }] },
				ModuleBehaviorDefinition: none,
				TtlSettings: { DomInstanceTtl: 365 * day, DomTemplateTtl: 1.5 * day, DomInstanceHistoryTtl: 30 * day },
				DomInstanceHistorySettings: { StorageBehavior: 'EnabledSync' },
				StorageSettings: {
					CachingSettings: { DomDefinition: 'Disabled', DomBehaviorDefinition: 'Disabled', SectionDefinition: 'Disabled' },
					IndexedFields: [amount, text],
					TextSearchFields: [text],
				},
				SecuritySettings: {
					LinkSecurity: {
						GroupLinks: [
							{ GroupName: 'Administrators', DomDefinitionReferences: [{ DomDefinitionId: definition, ReadOnly: true }] },
							{ GroupName: 'nobody', FieldValueReferences: [{ DomDefinitionId: definition, FieldDescriptorId: text, Values: ['a', 'b'], ReadOnly: true }] },
						],
					},
				},
				DomInstanceNetworkAttachmentSettings: { NetworkSharePath: '\\\\server\\share', CredentialId: randomUUID() },
			},
		} as DomObject,
	})
	page = await house.signedIn('ann')
})
afterAll(() => house?.close())
afterEach(() => expect(house.problems.splice(0)).toEqual([]))

async function stored(kind: ObjectKind, id: string): Promise<unknown> {
	const settings = kind === 'ModuleSettings'
	const filter = { Operator: 'compare', Exposer: { Name: settings ? 'ModuleId' : 'Id', FieldId: none }, Comparer: '==', Value: settings ? id : { Guid: id } }
	return (await house.send('ManagerStoreReadRequest', { ModuleId: settings ? '' : module, Kind: kind, Query: { Filter: filter as never } })).Objects![0]
}

/** An object without what each update changes, and what a test has typed. */
function rest(object: unknown, ...typed: string[]): unknown {
	const gone = new Set(['LastModified', 'LastModifiedBy', 'Revision', 'ChangedAt', 'ChangedBy', 'Next', 'Last', ...typed])
	return JSON.parse(JSON.stringify(object, (key, value) => (gone.has(key) ? undefined : value)))
}

const open = (path: string) => page.goto(house.address + '/console' + path)
const save = async () => {
	const button = page.getByRole('button', { name: 'Save', exact: true })
	await button.click()
	// A button is disabled also while it is busy.
	await expect.poll(async () => ((await button.isDisabled()) && (await button.getAttribute('aria-busy')) !== 'true') || (await page.getByRole('alert').count()) > 0).toBe(true)
	expect(await page.getByRole('alert').allTextContents()).toEqual([])
}

test('what is typed into a section changes nothing else of it', async () => {
	const before = await stored('SectionDefinition', section)
	await open(`/modules/${module}/sections/${section}`)
	for (const name of ['Text', 'Amount', 'Level', 'Number', 'Hint', 'Other']) await page.getByRole('button', { name, exact: true }).click()
	await page.getByLabel('Name', { exact: false }).first().fill('Things of all kinds')
	await save()
	const after = (await stored('SectionDefinition', section)) as { Name: string }
	expect(after.Name).toBe('Things of all kinds')
	expect(rest(after, 'Name')).toEqual(rest(before, 'Name'))
})

test('what is typed into a definition changes nothing else of it', async () => {
	const before = await stored('DomDefinition', definition)
	await open(`/modules/${module}/definitions/${definition}`)
	await page.getByLabel('Name', { exact: false }).first().fill('Thingy')
	await save()
	const after = await stored('DomDefinition', definition)
	expect(after).toMatchObject({ Name: 'Thingy' })
	expect(rest(after, 'Name')).toEqual(rest(before, 'Name'))
})

test('what is typed into a behavior changes nothing else of it', async () => {
	const before = await stored('DomBehaviorDefinition', behavior)
	await open(`/modules/${module}/behaviors/${behavior}`)
	await page.getByLabel('Name', { exact: false }).first().fill('Long life')
	await save()
	const after = await stored('DomBehaviorDefinition', behavior)
	expect(after).toMatchObject({ Name: 'Long life' })
	expect(rest(after, 'Name')).toEqual(rest(before, 'Name'))

	await page.getByLabel('Options of the script of again').fill('DEFER:false')
	await page.getByLabel('When it is possible').nth(1).selectOption('when ready for')
	await save()
	expect(await stored('DomBehaviorDefinition', behavior)).toMatchObject({
		ActionDefinitions: [{ Id: 'act', ScriptOptions: ['PARAMETERBYNAME:Customer:acme', 'DEFER:true'] }, { Id: 'again', ScriptOptions: ['DEFER:false'], Condition: { TransitionId: 'finish' } }],
	})
})

test('what is typed into the settings of a module changes nothing else of them', async () => {
	const before = (await stored('ModuleSettings', module)) as { DomManagerSettings: { StorageSettings: object; TtlSettings: object } }
	await open(`/modules/${module}/settings`)
	const ttl = page.getByLabel('Templates are kept')
	expect(await ttl.inputValue()).toBe('1d12h')
	await ttl.fill('a while')
	await ttl.blur()
	await page.getByText('Not a length of time').waitFor()
	await ttl.fill('2d')
	await page.getByRole('group', { name: 'Only these fields have an index' }).getByLabel('Level').check()
	await save()
	const after = (await stored('ModuleSettings', module)) as typeof before
	expect(rest(after, 'DomTemplateTtl', 'IndexedFields')).toEqual(rest(before, 'DomTemplateTtl', 'IndexedFields'))
	expect(after.DomManagerSettings.TtlSettings).toMatchObject({ DomTemplateTtl: 2 * 86_400e9 })
	expect(after.DomManagerSettings.StorageSettings).toMatchObject({ IndexedFields: [amount, text, level] })
})

test('what is typed into a schedule changes nothing else of it', async () => {
	const { Schedule: before } = await house.send('CreateScheduleMessage', {
		Schedule: {
			Id: none, Name: 'nightly', Description: 'counts', Script: 'count', ScriptVersion: 1, EntryPoint: 'Run', Input: { times: 3, of: 'sheep' },
			Expression: '0 2 * * *', TimeZone: 'Europe/Berlin', Start: '2030-01-01T00:00:01Z', End: '2031-01-01T00:00:00Z', Jitter: 90e9,
			Owner: 'ann', OwnerId: none, Misfire: { Mode: 'all', Limit: 7, Deadline: 3600e9 }, Overlap: 'queue', LastRun: none, Paused: true,
		},
	})
	await open(`/schedules/${before.Id}`)
	expect(await page.getByLabel('Delay of each time, at most').inputValue()).toBe('1m30s')
	await page.getByLabel('Name', { exact: true }).or(page.getByLabel('Name*')).first().fill('each night')
	await save()
	const { Schedule: after } = await house.send('GetScheduleMessage', { Id: before.Id })
	expect(after.Name).toBe('each night')
	expect(rest(after, 'Name')).toEqual(rest(before, 'Name'))
})

test('what is typed into a trigger changes nothing else of it', async () => {
	const over = (n: number) => ({ Operator: 'compare', Exposer: { Name: 'FieldValue', FieldId: amount }, Comparer: '>', Value: { Double: n } }) as never
	const { Trigger: before } = await house.send('CreateTriggerMessage', {
		Trigger: {
			Id: none, Name: 'on change', Description: 'counts', ModuleId: module, DomDefinitionId: living, Events: ['updated', 'status changed'],
			Filter: over(10), PreviousFilter: over(5), Fields: [amount], FromStatus: 'draft', ToStatus: 'done', Script: 'count', ScriptVersion: 1, EntryPoint: 'Run',
			Input: { times: 3 }, Values: { of: 'Name' }, InOrder: true, Owner: 'ann', OwnerId: none, Paused: true,
		},
	})
	await open(`/triggers/${before.Id}`)
	await page.getByLabel('Name', { exact: true }).or(page.getByLabel('Name*')).first().fill('after changes')
	await save()
	const { Trigger: after } = await house.send('GetTriggerMessage', { Id: before.Id })
	expect(after.Name).toBe('after changes')
	expect(rest(after, 'Name')).toEqual(rest(before, 'Name'))

	await page.getByLabel('And before the change it fulfilled').fill('Amont < 3')
	await page.getByRole('button', { name: 'Save', exact: true }).click()
	await page.getByText('did you mean Amount?').waitFor()
	await page.getByLabel('And before the change it fulfilled').fill('Amount < 3')
	await save()
	const { Trigger: changed } = await house.send('GetTriggerMessage', { Id: before.Id })
	expect(rest(changed, 'Name', 'PreviousFilter')).toEqual(rest(before, 'Name', 'PreviousFilter'))
	expect(changed.PreviousFilter).toMatchObject({ Comparer: '<', Value: { Double: 3 } })
})
