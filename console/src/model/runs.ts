// What the console makes of runs: their colours, which of them a filter selects,
// and the figures of many.

import type { Run, RunFilter, RunState, RunTrigger, RunWait } from '../daemon/messages'
import { noID } from '../daemon/objects'
import { moment } from '../kit/time'

export const stateTone: Record<RunState, 'plain' | 'good' | 'warn' | 'bad' | 'info'> = {
	queued: 'plain',
	running: 'info',
	succeeded: 'good',
	failed: 'bad',
	cancelled: 'warn',
	'timed out': 'bad',
	lost: 'bad',
}

export function ended(run: Run): boolean {
	return run.State !== 'queued' && run.State !== 'running'
}

export function hasFailed(run: Run): boolean {
	return run.State === 'failed' || run.State === 'timed out' || run.State === 'lost'
}

/** How long a run has executed, in nanoseconds; undefined for one that has not begun. */
export function duration(run: Run, now = Date.now()): number | undefined {
	if (!run.StartedAt) return undefined
	return ((run.EndedAt ? Date.parse(run.EndedAt) : now) - Date.parse(run.StartedAt)) * 1e6
}

/** The filter that the query of an address stands for. */
export function filterOf(query: URLSearchParams): RunFilter {
	const of = (name: string) => query.get(name) || undefined
	return {
		Script: of('script'),
		State: of('state') as RunState | undefined,
		User: of('user'),
		Trigger: of('trigger') as RunFilter['Trigger'],
		TriggerId: of('of') ?? noID,
		Text: of('text'),
		From: of('from'),
		To: of('to'),
	}
}

/** Whether the daemon would select a run by a filter: what an event is about is not asked for again. */
export function selects(filter: RunFilter, run: Run): boolean {
	const same = (a: string | undefined, b: string | undefined) => !a || a.toLowerCase() === (b ?? '').toLowerCase()
	const queued = run.QueuedAt ? Date.parse(run.QueuedAt) : 0
	return (
		same(filter.Script, run.Script) &&
		same(filter.State, run.State) &&
		same(filter.User, run.RunsAs) &&
		same(filter.Trigger, run.Trigger?.Kind) &&
		(filter.TriggerId === noID || filter.TriggerId === run.Trigger?.Id) &&
		(!filter.From || queued >= Date.parse(filter.From)) &&
		(!filter.To || queued < Date.parse(filter.To)) &&
		(!filter.Text || texts(run).some((t) => t.toLowerCase().includes(filter.Text!.toLowerCase())))
	)
}

function texts(run: Run): string[] {
	return [
		run.Script,
		run.ExitReason ?? '',
		...(run.Errors ?? []).map((e) => e.Message),
		...Object.values(run.Parameters ?? {}),
		...Object.values(run.Output ?? {}),
	]
}

/** Why a run was started, in words. */
export function causeText(trigger: RunTrigger | undefined): string {
	switch (trigger?.Kind) {
		case 'schedule':
			return trigger.Occurrence ? `schedule ${trigger.Name}, due ${moment(trigger.Occurrence)}` : `schedule ${trigger.Name}, started by hand`
		case 'change':
			return trigger.Name ? `trigger ${trigger.Name}` : `settings of the module ${trigger.ModuleId}`
		case 'action':
			return `action ${trigger.Name}`
		case 'api':
			return trigger.Request ? `${trigger.Request.Method} ${trigger.Request.Route}` : `API ${trigger.Name}`
		case 'run':
			return 'another run'
		case 'replay':
			return 'a run was repeated'
		default:
			return 'by hand'
	}
}

/** What keeps a queued run from starting, in words. */
export function waitText(wait: RunWait): string {
	switch (wait.Kind) {
		case 'slot':
			return 'all places for runs are taken'
		case 'script':
			return 'the script executes as often as its manifest allows at a time'
		case 'key':
			return `another run holds the key ${wait.Key}`
		default:
			return wait.Until ? `it starts at ${moment(wait.Until, true)}` : 'its time has not come'
	}
}

/** The value below which a part of a sorted list lies. */
export function percentile(sorted: number[], part: number): number | null {
	return sorted.length ? sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * part) - 1)] : null
}

/** Figures of runs by time; all rows have the same length. */
export interface Figures {
	/** Where each span of time begins, in seconds since 1970, and how long all are. */
	times: number[]
	step: number
	runs: number[]
	failures: number[]
	/** Percentiles of the durations in seconds, null where nothing ended. */
	p50: (number | null)[]
	p95: (number | null)[]
}

const steps = [1, 10, 60, 300, 900, 3600, 6 * 3600, 86_400, 7 * 86_400]

/** Puts runs into spans of time: at most 60, by the step that leads to that. */
export function figures(runs: Run[], now = Date.now()): Figures {
	const at = (run: Run) => Date.parse(run.QueuedAt ?? '') / 1000
	const known = runs.filter((r) => !Number.isNaN(at(r)))
	const empty: Figures = { times: [], step: 0, runs: [], failures: [], p50: [], p95: [] }
	if (known.length === 0) return empty
	const first = known.reduce((least, r) => Math.min(least, at(r)), Infinity)
	const last = known.reduce((most, r) => Math.max(most, at(r)), -Infinity)
	const step = steps.find((s) => (last - first) / s < 60) ?? Math.ceil((last - first) / 59 / 86_400) * 86_400
	const begin = Math.floor(first / step) * step
	const size = Math.floor((last - begin) / step) + 1
	const durations: number[][] = Array.from({ length: size }, () => [])
	const result: Figures = { ...empty, step, times: durations.map((_, i) => begin + i * step), runs: new Array(size).fill(0), failures: new Array(size).fill(0) }
	for (const run of known) {
		const i = Math.floor((at(run) - begin) / step)
		result.runs[i]++
		if (hasFailed(run)) result.failures[i]++
		const took = duration(run, now)
		if (ended(run) && took !== undefined) durations[i].push(took / 1e9)
	}
	for (const list of durations) {
		list.sort((a, b) => a - b)
		result.p50.push(percentile(list, 0.5))
		result.p95.push(percentile(list, 0.95))
	}
	return result
}
