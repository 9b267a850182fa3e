// A module to look at: jobs with customers and a life cycle.

import { randomUUID } from 'node:crypto'
import type { BehaviorDefinition, Definition, DomObject, Instance, ObjectKind, SectionDefinition } from '../src/daemon/messages'
import type { House } from './house'

export const none = '00000000-0000-0000-0000-000000000000'

export interface Seed {
	module: string
	customer: Definition
	job: Definition
	behavior: BehaviorDefinition
	sections: Record<'customer' | 'job' | 'planning', SectionDefinition>
	customers: Instance[]
	jobs: Instance[]
}

/** Makes the module, with some customers and jobs. */
export async function seed(house: House, module: string, jobs: number): Promise<Seed> {
	const create = (kind: ObjectKind, object: DomObject) => house.send('ManagerStoreCreateRequest', { ModuleId: kind === 'ModuleSettings' ? '' : module, Kind: kind, Object: object })
	const text = (name: string, more: object = {}) => ({ Id: randomUUID(), Name: name, FieldType: 'String' as const, ...more })

	const customerSection: SectionDefinition = { Id: randomUUID(), Name: 'Customer', FieldDescriptors: [text('Company'), text('Mail', { IsOptional: true })] }
	const title = text('Title')
	const jobSection: SectionDefinition = {
		Id: randomUUID(),
		Name: 'Job',
		FieldDescriptors: [
			title,
			{ Id: randomUUID(), Name: 'Amount', FieldType: 'Double', IsOptional: true },
			{
				Id: randomUUID(),
				Name: 'Priority',
				FieldType: 'GenericEnum<Int>',
				Kind: 'GenericEnum',
				IsOptional: true,
				GenericEnum: { Entries: ['Low', 'Normal', 'High'].map((DisplayName, i) => ({ DisplayName, Value: { Int: i } })) },
			},
		],
	}
	const customerDefinition: Definition = { Id: randomUUID(), Name: 'Customer', DomBehaviorDefinitionId: none, SectionDefinitionLinks: [{ SectionDefinitionId: customerSection.Id }] }
	const planning: SectionDefinition = {
		Id: randomUUID(),
		Name: 'Planning',
		FieldDescriptors: [
			{ Id: randomUUID(), Name: 'Start', FieldType: 'DateTime', IsOptional: true },
			{ Id: randomUUID(), Name: 'Effort', FieldType: 'TimeSpan', IsOptional: true },
			{ Id: randomUUID(), Name: 'For', FieldType: 'Guid', Kind: 'DomInstance', IsOptional: true, Reference: { DomDefinitionIds: [customerDefinition.Id], FieldDescriptorId: none } },
			text('Notes', { IsOptional: true, Tooltip: 'For the crew' }),
		],
	}
	const [start, effort, customerOf] = planning.FieldDescriptors!
	const [, amount, priority] = jobSection.FieldDescriptors!
	const link = (status: string, section: SectionDefinition, flags: (name: string) => object) => ({
		StatusId: status,
		SectionDefinitionId: section.Id,
		FieldDescriptorLinks: section.FieldDescriptors!.map((f) => ({ FieldDescriptorId: f.Id, Visible: true, ...flags(f.Name!) })),
	})
	const required = (...names: string[]) => (name: string) => (names.includes(name) ? { RequiredForStatus: true } : {})
	const behavior: BehaviorDefinition = {
		Id: randomUUID(),
		Name: 'Job life',
		ParentId: none,
		InitialStatusId: 'draft',
		Statuses: [
			{ Id: 'draft', DisplayName: 'Draft' },
			{ Id: 'planned', DisplayName: 'Planned' },
			{ Id: 'active', DisplayName: 'Active' },
			{ Id: 'done', DisplayName: 'Done' },
			{ Id: 'cancelled', DisplayName: 'Cancelled' },
		],
		StatusTransitions: [
			{ Id: 'plan', FromStatusId: 'draft', ToStatusId: 'planned' },
			{ Id: 'start', FromStatusId: 'planned', ToStatusId: 'active' },
			{ Id: 'finish', FromStatusId: 'active', ToStatusId: 'done' },
			{ Id: 'back', FromStatusId: 'planned', ToStatusId: 'draft', FlowLevel: 1 },
			{ Id: 'cancel', FromStatusId: 'planned', ToStatusId: 'cancelled', FlowLevel: 1 },
		],
		StatusSectionDefinitionLinks: [
			link('draft', jobSection, required('Title')),
			link('draft', planning, () => ({})),
			...['planned', 'active'].flatMap((s) => [link(s, jobSection, (n) => (n === 'Title' ? { ReadOnly: true } : required('Amount')(n))), link(s, planning, required('Start'))]),
			...['done', 'cancelled'].flatMap((s) => [link(s, jobSection, () => ({ ReadOnly: true })), link(s, planning, () => ({ ReadOnly: true }))]),
		],
	}
	const job: Definition = {
		Id: randomUUID(),
		Name: 'Job',
		DomBehaviorDefinitionId: behavior.Id,
		SectionDefinitionLinks: [{ SectionDefinitionId: jobSection.Id }, { SectionDefinitionId: planning.Id, IsOptional: true }],
	}
	await create('ModuleSettings', {
		ModuleId: module,
		DomManagerSettings: {
			ModuleBehaviorDefinition: none,
			StorageSettings: {},
			DomInstanceNameDefinition: { ConcatenationItems: [{ FieldDescriptorId: title.Id }, { FieldDescriptorId: customerSection.FieldDescriptors![0].Id }] },
		},
	})
	for (const s of [customerSection, jobSection, planning]) await create('SectionDefinition', s)
	await create('DomBehaviorDefinition', behavior)
	for (const d of [customerDefinition, job]) await create('DomDefinition', d)

	const section = (definition: SectionDefinition, values: Record<string, unknown>) => ({
		Id: randomUUID(),
		SectionDefinitionId: definition.Id,
		FieldValues: Object.entries(values).map(([id, value]) => ({ FieldDescriptorId: id, Value: value as never })),
	})
	const customers = ['Acme', 'Globex', 'Initech', 'Umbrella'].map((name): Instance => ({
		Id: randomUUID(),
		DomDefinitionId: customerDefinition.Id,
		Sections: [section(customerSection, { [customerSection.FieldDescriptors![0].Id]: name })],
	}))
	const states = ['draft', 'planned', 'active', 'done']
	const list = Array.from({ length: jobs }, (_, i): Instance => ({
		Id: randomUUID(),
		DomDefinitionId: job.Id,
		StatusId: states[i % 4],
		Sections: [
			section(jobSection, { [title.Id]: `Job ${String(i + 1).padStart(5, '0')}`, [amount.Id]: { Double: (i * 37.5) % 1000 }, [priority.Id]: { Int: i % 3 } }),
			section(planning, { [start.Id]: { DateTime: new Date(Date.UTC(2024, 0, 1 + (i % 365))).toISOString() }, [effort.Id]: { TimeSpan: '02:30:00' }, [customerOf.Id]: { Guid: customers[i % 4].Id } }),
		],
	}))
	for (const all of [customers, list]) {
		for (let i = 0; i < all.length; i += 100) {
			const answer = await house.send('ManagerStoreBulkCreateOrUpdateRequest', { ModuleId: module, Kind: 'DomInstance', Objects: all.slice(i, i + 100) })
			if (answer.UnsuccessfulKeys?.length) throw new Error(JSON.stringify(answer.TraceDataPerItem))
		}
	}
	return { module, customer: customerDefinition, job, behavior, sections: { customer: customerSection, job: jobSection, planning }, customers, jobs: list }
}
