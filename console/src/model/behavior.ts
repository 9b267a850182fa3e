// The status system of a definition: its behavior joined with the one that it
// inherits from, as the DOM manager joins them.

import type {
	ActionDefinition,
	BehaviorDefinition,
	ButtonDefinition,
	Condition,
	Status,
	StatusSectionDefinitionLink,
	StatusTransition,
} from '../daemon/messages'

export interface StatusSystem {
	behavior: BehaviorDefinition
	parent?: BehaviorDefinition
	initial: string
	statuses: Status[]
	transitions: StatusTransition[]
	actions: ActionDefinition[]
	buttons: ButtonDefinition[]
}

/** Joins a behavior with its parent. Undefined where no status system applies. */
export function join(own: BehaviorDefinition, parent: BehaviorDefinition | undefined): StatusSystem | undefined {
	const both = parent ? [parent, own] : [own]
	const statuses = both.flatMap((b) => b.Statuses ?? [])
	if (statuses.length === 0) return undefined
	return {
		behavior: own,
		parent,
		initial: (parent ?? own).InitialStatusId ?? '',
		statuses,
		transitions: both.flatMap((b) => b.StatusTransitions ?? []),
		actions: both.flatMap((b) => b.ActionDefinitions ?? []),
		buttons: both.flatMap((b) => b.ButtonDefinitions ?? []),
	}
}

/** The links of a status: of several for one section the first counts, the parent's before others. */
export function linksOf(system: StatusSystem, status: string): StatusSectionDefinitionLink[] {
	const links = new Map<string, StatusSectionDefinitionLink>()
	for (const b of system.parent ? [system.parent, system.behavior] : [system.behavior]) {
		for (const link of b.StatusSectionDefinitionLinks ?? []) {
			if (link.StatusId === status && !links.has(link.SectionDefinitionId)) links.set(link.SectionDefinitionId, link)
		}
	}
	return [...links.values()]
}

export function statusName(system: StatusSystem | undefined, id: string | undefined): string {
	return system?.statuses.find((s) => s.Id === id)?.DisplayName || id || ''
}

/**
 * Whether a condition may be met in a status. That of a transition is asked of the
 * daemon when it is carried out; here it is enough that it begins at the status.
 */
export function mayMeet(system: StatusSystem, condition: Condition | undefined, status: string): boolean {
	if (!condition) return true
	if (condition.TransitionId) return system.transitions.some((t) => t.Id === condition.TransitionId && t.FromStatusId === status)
	return condition.Statuses?.includes(status) ?? false
}

/** A condition in words. */
export function conditionText(system: StatusSystem, condition: Condition | undefined): string {
	if (!condition) return 'always'
	if (condition.TransitionId) return `when ready for ${condition.TransitionId}`
	return 'in ' + ((condition.Statuses ?? []).map((s) => statusName(system, s)).join(', ') || 'no status')
}

export interface Spot {
	id: string
	label: string
	x: number
	y: number
	initial: boolean
}

export interface Arrow {
	id: string
	from: Spot
	to: Spot
	path: string
	label: { x: number; y: number }
	main: boolean
}

export interface Diagram {
	spots: Spot[]
	arrows: Arrow[]
	width: number
	height: number
}

export const spotWidth = 118
export const spotHeight = 34
const gapX = 76
const gapY = 36

/**
 * Lays a life cycle out: statuses in columns by how many transitions lead to them
 * from the initial one, those off the main path below. Arrows forward go straight,
 * arrows back below everything in between.
 */
export function layout(statuses: Status[], transitions: StatusTransition[], initial: string): Diagram {
	const column = new Map<string, number>()
	const start = statuses.find((s) => s.Id === initial) ?? statuses[0]
	const visit = (only: (t: StatusTransition) => boolean, from: string[]) => {
		for (let queue = from; queue.length > 0; ) {
			const at = queue.shift()!
			for (const t of transitions) {
				if (t.FromStatusId !== at || !only(t) || column.has(t.ToStatusId) || !statuses.some((s) => s.Id === t.ToStatusId)) continue
				column.set(t.ToStatusId, column.get(at)! + 1)
				queue.push(t.ToStatusId)
			}
		}
	}
	if (start) {
		column.set(start.Id, 0)
		visit((t) => !t.FlowLevel, [start.Id])
		visit(() => true, [...column.keys()])
	}
	for (const s of statuses) {
		if (column.has(s.Id)) continue
		column.set(s.Id, 0)
		visit(() => true, [s.Id])
	}
	const used: number[] = []
	const spots = new Map<string, Spot>()
	// The main path keeps the first line.
	const main = new Set(start ? [start.Id] : [])
	for (const t of transitions) if (!t.FlowLevel && main.has(t.FromStatusId)) main.add(t.ToStatusId)
	for (const s of [...statuses].sort((a, b) => Number(main.has(b.Id)) - Number(main.has(a.Id)))) {
		const c = column.get(s.Id)!
		const r = (used[c] = (used[c] ?? -1) + 1)
		spots.set(s.Id, { id: s.Id, label: s.DisplayName || s.Id, x: 14 + c * (spotWidth + gapX), y: 14 + r * (spotHeight + gapY), initial: s === start })
	}
	const columns = used.length
	const rows = Math.max(1, ...used.map((n) => (n ?? 0) + 1))
	let lane = 0
	let bottom = 14 + rows * (spotHeight + gapY) - 8
	const taken = new Map<string, number>()
	const arrows = transitions.flatMap((t): Arrow[] => {
		const from = spots.get(t.FromStatusId)
		const to = spots.get(t.ToStatusId)
		if (!from || !to) return []
		const pair = from.id + '\n' + to.id
		const again = taken.get(pair) ?? 0
		taken.set(pair, again + 1)
		let path: string
		let label: Arrow['label']
		if (to.x > from.x) {
			const x1 = from.x + spotWidth
			const y1 = from.y + spotHeight / 2 + again * 8
			const y2 = to.y + spotHeight / 2 + again * 8
			const bend = (to.x - x1) / 2
			path = `M${x1} ${y1}C${x1 + bend} ${y1} ${to.x - bend} ${y2} ${to.x} ${y2}`
			label = { x: (x1 + to.x) / 2, y: (y1 + y2) / 2 - 6 }
		} else if (from === to) {
			const x = from.x + spotWidth / 2
			const y = from.y + spotHeight
			path = `M${x - 14} ${y}C${x - 20} ${y + 26} ${x + 20} ${y + 26} ${x + 14} ${y}`
			label = { x, y: y + 32 }
		} else if (to.x === from.x) {
			const down = to.y > from.y
			const x = from.x + spotWidth / 2 + (down ? -16 : 16)
			const y1 = down ? from.y + spotHeight : from.y
			const y2 = down ? to.y : to.y + spotHeight
			path = `M${x} ${y1}L${x} ${y2}`
			label = { x: x + (down ? -4 : 4), y: (y1 + y2) / 2 + 4 }
		} else {
			const y = bottom + lane++ * 24
			const x1 = from.x + spotWidth / 2 + 22
			const x2 = to.x + spotWidth / 2 - 22
			path = `M${x1} ${from.y + spotHeight}C${x1} ${y} ${x1 - 8} ${y} ${x1 - 30} ${y}L${x2 + 30} ${y}C${x2 + 8} ${y} ${x2} ${y} ${x2} ${to.y + spotHeight}`
			label = { x: (x1 + x2) / 2, y: y - 5 }
		}
		return [{ id: t.Id, from, to, path, label, main: !t.FlowLevel }]
	})
	if (lane) bottom += lane * 24
	return { spots: [...spots.values()], arrows, width: 28 + Math.max(1, columns) * (spotWidth + gapX) - gapX, height: bottom - (lane ? 16 : gapY - 8) + 14 }
}
