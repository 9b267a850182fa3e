// What the command palette finds. A source answers for what was typed; sources
// are asked side by side, and one that fails finds nothing.

import { send } from '../daemon/call'
import type { PermissionFlags } from '../daemon/messages'
import { and, exposer, or, select, where } from '../daemon/objects'
import { session } from '../daemon/session.svelte'
import type { IconName } from '../kit/icons'
import { modules } from '../model/modules.svelte'
import { at, root } from './router.svelte'
import { routes } from './routes'

export interface Entry {
	label: string
	/** What it is, and where. */
	note: string
	icon: IconName
	href: string
}

export type Source = (text: string, signal: AbortSignal) => Promise<Entry[]>

const guid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

export function isGuid(text: string): boolean {
	return guid.test(text)
}

/** How well a name fits what was typed: 0 not at all. */
export function fit(name: string, text: string): number {
	const n = name.toLowerCase()
	const t = text.toLowerCase()
	if (n === t) return 4
	if (n.startsWith(t)) return 3
	if (n.includes(t)) return 2
	let i = 0
	for (const c of n) if (c === t[i]) i++
	return i === t.length && t.length > 1 ? 1 : 0
}

function best<T>(list: T[], name: (item: T) => string, text: string, most: number): T[] {
	return list
		.map((item) => ({ item, score: text ? fit(name(item), text) : 1 }))
		.filter((found) => found.score > 0)
		.sort((a, b) => b.score - a.score)
		.slice(0, most)
		.map((found) => found.item)
}

const pages: Source = async (text) => {
	const open = routes.filter((r) => !r.path.includes(':') && (!r.needs || r.needs.some((p) => session.has(p))))
	return best(open, (r) => r.title, text, 8).map((r) => ({ label: r.title, note: 'Page', icon: r.menu?.icon ?? 'home', href: root + r.path }))
}

const moduleEntries: Source = async (text) =>
	best(modules.list, (m) => m.ModuleId, text, 6).map((m) => ({
		label: m.ModuleId,
		note: 'Module',
		icon: 'modules',
		href: at('modules', m.ModuleId),
	}))

// One question for each module: names have an index.
const instances: Source = async (text, signal) => {
	if (text.length < 2) return []
	const filter = isGuid(text)
		? where(exposer('Id'), '==', { Guid: text })
		: or(and(where(exposer('Name'), '>=', text), where(exposer('Name'), '<', text + '\u{ffff}')))
	const answers = await Promise.allSettled(
		modules.list.slice(0, 50).map(async (m) => {
			const rows = await select('DomInstance', m.ModuleId, { Filter: filter, Max: 5 }, [exposer('Name')], signal)
			return rows.map(
				(row): Entry => ({
					label: String(row.Values?.[0]?.[0] ?? row.Key),
					note: 'Instance in ' + m.ModuleId,
					icon: 'instances',
					href: at('instances', m.ModuleId, row.Key),
				}),
			)
		}),
	)
	return answers.flatMap((a) => (a.status === 'fulfilled' ? a.value : [])).slice(0, 12)
}

const scripts: Source = async (text, signal) => {
	const answer = await send('GetScriptsMessage', {}, signal)
	return best(answer.Scripts ?? [], (s) => s.Name, text, 6).map((s) => ({
		label: s.Name,
		note: 'Script',
		icon: 'scripts',
		href: at('scripts', s.Name),
	}))
}

/** Lists that are small are asked for whole: only what their reader may see is there. */
function named<T>(needs: keyof typeof PermissionFlags, note: string, icon: IconName, list: (signal: AbortSignal) => Promise<T[] | null | undefined>, name: (item: T) => string, href: (item: T) => string): Source {
	return async (text, signal) => {
		if (!text || !session.has(needs)) return []
		return best((await list(signal)) ?? [], name, text, 6).map((item) => ({ label: name(item), note, icon, href: href(item) }))
	}
}

const apis = named('PermissionAutomationApis', 'API', 'apis', async (signal) => (await send('GetApiDefinitionsMessage', {}, signal)).Definitions, (d) => d.Name, (d) => at('apis', d.Id))
const webhooks = named('PermissionSystemAdministration', 'Webhook', 'link', async (signal) => (await send('GetWebhooksMessage', {}, signal)).Webhooks, (w) => w.Name, (w) => at('webhooks', w.Id))
const secrets = named('PermissionAutomationSecrets', 'Secret', 'lock', async (signal) => (await send('GetSecretsMessage', {}, signal)).Secrets, (s) => s.Name, () => at('secrets'))
const schedules = named('PermissionAutomationSchedules', 'Schedule', 'schedules', async (signal) => (await send('GetSchedulesMessage', {}, signal)).Schedules, (s) => s.Name, (s) => at('schedules', s.Id))
const triggers = named('PermissionAutomationTriggers', 'Trigger', 'triggers', async (signal) => (await send('GetTriggersMessage', {}, signal)).Triggers, (t) => t.Name, (t) => at('triggers', t.Id))

const runs: Source = async (text, signal) => {
	// An id is mostly that of an instance; who asks for a run that does not exist is refused.
	if (!isGuid(text) || (await instances(text, signal)).length > 0) return []
	const { Run: run } = await send('GetRunMessage', { Id: text }, signal)
	return [{ label: run.Script + ' ' + run.State, note: 'Run ' + run.Id, icon: 'runs', href: at('runs', run.Id) }]
}

export const sources: Source[] = [pages, moduleEntries, scripts, schedules, triggers, apis, webhooks, secrets, instances, runs]
