// The objects of modules, by kind.

import { check, send } from './call'
import type {
	BehaviorDefinition,
	Definition,
	Exposer,
	Filter,
	HistoryChange,
	Instance,
	ManagerStoreSelectResponse,
	ModuleSettings,
	Query,
	SectionDefinition,
	SelectedRow,
	Template,
	TraceData,
	Value,
} from './messages'

export interface Kinds {
	ModuleSettings: ModuleSettings
	SectionDefinition: SectionDefinition
	DomBehaviorDefinition: BehaviorDefinition
	DomDefinition: Definition
	DomTemplate: Template
	DomInstance: Instance
	HistoryChange: HistoryChange
}

export const noID = '00000000-0000-0000-0000-000000000000'

export const all: Filter = { Operator: 'true' } as Filter

/** An exposer; field is for FieldValue and KeyExists. */
export function exposer(name: string, field: string = noID): Exposer {
	return { Name: name, FieldId: field }
}

/** A comparison. */
export function where(e: Exposer, comparer: Filter['Comparer'], value: Value): Filter {
	return { Operator: 'compare', Exposer: e, Comparer: comparer, Value: value } as Filter
}

export function and(...operands: Filter[]): Filter {
	const real = operands.filter((f) => f.Operator !== 'true')
	return real.length === 1 ? real[0] : real.length === 0 ? all : ({ Operator: 'and', Operands: real } as Filter)
}

export function or(...operands: Filter[]): Filter {
	return operands.length === 1 ? operands[0] : ({ Operator: 'or', Operands: operands } as Filter)
}

/** Reads what a query selects: bounded, for a page shows no more. */
export async function read<K extends keyof Kinds>(kind: K, module: string, query: Partial<Query> = {}, signal?: AbortSignal): Promise<Kinds[K][]> {
	const request = { ModuleId: module, Kind: kind, Query: { Filter: all, Max: 1000, ...query } as Query }
	const answer = await send('ManagerStoreReadRequest', request, signal)
	check(answer.TraceData)
	return (answer.Objects ?? []) as unknown as Kinds[K][]
}

/** Reads one object by its id. It is undefined where there is none, or none for the caller. */
export async function readOne<K extends keyof Kinds>(kind: K, module: string, key: string, signal?: AbortSignal): Promise<Kinds[K] | undefined> {
	const filter = kind === 'ModuleSettings' ? where(exposer('ModuleId'), '==', key) : where(exposer('Id'), '==', { Guid: key })
	return (await read(kind, module, { Filter: filter, Max: 1 }, signal))[0]
}

/** Reads some values of what a query selects. */
export async function select(kind: keyof Kinds, module: string, query: Partial<Query>, exposers: Exposer[], signal?: AbortSignal): Promise<SelectedRow[]> {
	const request = { ModuleId: module, Kind: kind, Query: { Filter: all, Max: 1000, ...query } as Query, Select: exposers }
	const answer = (await send('ManagerStoreReadRequest', request, signal)) as unknown as ManagerStoreSelectResponse
	check(answer.TraceData)
	return answer.Rows ?? []
}

export interface Page {
	rows: SelectedRow[]
	/** Where the next page begins, empty when there is none. */
	cursor: string
	trace?: TraceData
}

/** Reads one page of selected values. */
export async function page(
	kind: keyof Kinds,
	module: string,
	query: Query,
	exposers: Exposer[],
	size: number,
	cursor: string,
	signal?: AbortSignal,
): Promise<Page> {
	const answer = await send(
		'ManagerStorePagingRequest',
		{ ModuleId: module, Kind: kind, Query: query, Select: exposers, PageSize: size, Cursor: cursor },
		signal,
	)
	check(answer.TraceData)
	return { rows: answer.Rows ?? [], cursor: answer.Cursor ?? '', trace: answer.TraceData }
}

export async function count(kind: keyof Kinds, module: string, filter: Filter = all, signal?: AbortSignal): Promise<number> {
	const answer = await send('ManagerStoreCountRequest', { ModuleId: module, Kind: kind, Filter: filter }, signal)
	check(answer.TraceData)
	return answer.Count
}

/** Counts the instances of a module that the caller may read. */
export async function countInstances(module: string, signal?: AbortSignal): Promise<number> {
	try {
		return await count('DomInstance', module, all, signal)
	} catch (error) {
		// A module with links counts those of definitions only.
		const definitions = await read('DomDefinition', module, {}, signal)
		if (signal?.aborted || definitions.length === 0) throw error
		return count('DomInstance', module, or(...definitions.map((d) => where(exposer('DomDefinitionId'), '==', { Guid: d.Id }))), signal)
	}
}

/** What a write was answered with: the object as stored, and warnings. */
export interface Stored<T> {
	object: T
	trace?: TraceData
}

export async function create<K extends keyof Kinds>(kind: K, module: string, object: Kinds[K]): Promise<Stored<Kinds[K]>> {
	const answer = await send('ManagerStoreCreateRequest', { ModuleId: module, Kind: kind, Object: object })
	check(answer.TraceData)
	return { object: answer.Objects![0] as unknown as Kinds[K], trace: answer.TraceData }
}

/** Replaces an object, if it still has the revision it was read with. */
export async function update<K extends keyof Kinds>(kind: K, module: string, object: Kinds[K]): Promise<Stored<Kinds[K]>> {
	const answer = await send('ManagerStoreUpdateRequest', {
		ModuleId: module,
		Kind: kind,
		Object: object,
		IfRevision: object && 'Revision' in object ? object.Revision : undefined,
	})
	check(answer.TraceData)
	return { object: answer.Objects![0] as unknown as Kinds[K], trace: answer.TraceData }
}

export async function remove(kind: keyof Kinds, module: string, key: string): Promise<void> {
	check((await send('ManagerStoreDeleteRequest', { ModuleId: module, Kind: kind, Key: key })).TraceData)
}
