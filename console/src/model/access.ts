// Which instances of a module the groups have access to, as its settings say.

import type { DefinitionAccess, FieldDescriptor, FieldValueReference, GroupLink, LinkSecuritySettings, Value } from '../daemon/messages'
import { elementOf } from './value'

export type Access = 'none' | 'read' | 'full' | 'values'

/** What a group has of a definition. */
export function accessOf(link: GroupLink | undefined, definition: string): Access {
	const whole = (link?.DomDefinitionReferences ?? []).filter((r) => r.DomDefinitionId === definition)
	if (whole.some((r) => !r.ReadOnly)) return 'full'
	if (whole.length) return 'read'
	return limitOf(link, definition) ? 'values' : 'none'
}

/** The limit by values that counts: the first of several. */
export function limitOf(link: GroupLink | undefined, definition: string): FieldValueReference | undefined {
	return link?.FieldValueReferences?.find((r) => r.DomDefinitionId === definition)
}

/** The settings with another access of a group to a definition; other links stay as they are. */
export function withAccess(settings: LinkSecuritySettings | undefined, group: string, definition: string, access: Access, limit?: FieldValueReference): LinkSecuritySettings {
	const same = (l: GroupLink) => l.GroupName.toLowerCase() === group.toLowerCase()
	const links = settings?.GroupLinks ?? []
	const change = (l: GroupLink): GroupLink => ({
		...l,
		DomDefinitionReferences: [
			...(l.DomDefinitionReferences ?? []).filter((r) => r.DomDefinitionId !== definition),
			...(access === 'read' || access === 'full' ? [{ DomDefinitionId: definition, ReadOnly: access === 'read' || undefined }] : []),
		],
		FieldValueReferences: [...(l.FieldValueReferences ?? []).filter((r) => r.DomDefinitionId !== definition), ...(access === 'values' && limit ? [limit] : [])],
	})
	return { GroupLinks: links.some(same) ? links.map((l) => (same(l) ? change(l) : l)) : [...links, change({ GroupName: group })] }
}

/** What is linked and is not there any more: a group, or a definition. */
export function dangling(settings: LinkSecuritySettings | undefined, groups: string[] | undefined, definitions: string[]): string[] {
	const known = groups && new Set(groups.map((g) => g.toLowerCase()))
	const defined = new Set(definitions)
	return (settings?.GroupLinks ?? []).flatMap((l) => [
		...(known && !known.has(l.GroupName.toLowerCase()) ? [`There is no group ${l.GroupName}: its link grants nothing.`] : []),
		...[...(l.DomDefinitionReferences ?? []), ...(l.FieldValueReferences ?? [])]
			.filter((r) => !defined.has(r.DomDefinitionId))
			.map((r) => `${l.GroupName} is linked to a definition that is not there any more (${r.DomDefinitionId.slice(0, 8)}).`),
	])
}

/** Whether a limit can be by this field. */
export function canLimit(field: FieldDescriptor): boolean {
	return ['string', 'guid', 'int'].includes(elementOf(field.FieldType))
}

/** The values of a limit, one a line. */
export function limitValues(text: string, field: FieldDescriptor): Value[] {
	const lines = text.split('\n').map((t) => t.trim()).filter(Boolean)
	const choice = (t: string) => field.GenericEnum?.Entries?.find((e) => e.DisplayName === t)?.Value
	const element = elementOf(field.FieldType)
	return lines.map((t) => choice(t) ?? (element === 'guid' ? { Guid: t } : element === 'int' ? { Int: Number(t) } : t))
}

/** What somebody sees of a definition, in words. */
export function seenAs(d: DefinitionAccess): string {
	if (d.Reads === 'none') return 'nothing'
	const some = d.Reads === 'values' ? 'some' : 'everything'
	if (d.Writes === 'none' && d.Deletes === 'none') return some + ', read-only'
	return d.Writes === 'values' && d.Reads === 'all' ? 'everything, changes some' : some
}
