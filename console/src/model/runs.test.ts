import { expect, test } from 'vitest'
import type { Run } from '../daemon/messages'
import { noID } from '../daemon/objects'
import { causeText, duration, figures, filterOf, percentile, selects } from './runs'

function run(more: Partial<Run>): Run {
	return {
		Id: 'a', Script: 'billing', ScriptId: noID, ScriptVersion: 1, Engine: 'interpreted', EntryPoint: 'Run', StartedBy: 'ann', RunsAs: 'ann',
		StartedById: noID, RunsAsId: noID, ReplayOf: noID, DryRunOf: noID, Attempt: 1, State: 'succeeded', QueuedAt: '2026-01-01T10:00:00Z', ...more,
	}
}

test('a filter of the address selects as the daemon does', () => {
	const filter = filterOf(new URLSearchParams('script=Billing&state=failed&text=ACME'))
	expect(selects(filter, run({ State: 'failed', Errors: [{ Message: 'no such customer: acme' }] }))).toBe(true)
	expect(selects(filter, run({ State: 'succeeded', Parameters: { customer: 'acme' } }))).toBe(false)
	expect(selects(filter, run({ State: 'failed', Parameters: { customer: 'globex' } }))).toBe(false)
	expect(selects(filterOf(new URLSearchParams('of=b&trigger=schedule')), run({ Trigger: { Kind: 'schedule', Id: 'b', InstanceId: noID } }))).toBe(true)
	expect(selects(filterOf(new URLSearchParams('of=b')), run({}))).toBe(false)
	expect(selects(filterOf(new URLSearchParams('from=2026-01-01T10:00:00Z&to=2026-01-01T11:00:00Z')), run({}))).toBe(true)
	expect(selects(filterOf(new URLSearchParams('to=2026-01-01T10:00:00Z')), run({}))).toBe(false)
})

test('percentiles are of the list, and of nothing there is none', () => {
	expect(percentile([], 0.5)).toBeNull()
	expect(percentile([7], 0.95)).toBe(7)
	expect(percentile([1, 2, 3, 4], 0.5)).toBe(2)
	expect(percentile(Array.from({ length: 100 }, (_, i) => i + 1), 0.95)).toBe(95)
})

test('figures count runs and failures where they were queued', () => {
	const minute = (m: number, more: Partial<Run> = {}) => run({ QueuedAt: new Date(Date.UTC(2026, 0, 1, 10, m)).toISOString(), ...more })
	const took = { StartedAt: '2026-01-01T10:00:00Z', EndedAt: '2026-01-01T10:00:02Z' }
	const f = figures([minute(30), minute(0, { State: 'failed', ...took }), minute(0, took), minute(30, { State: 'running', StartedAt: took.StartedAt })])
	expect(f.step).toBe(60)
	expect(f.times).toHaveLength(31)
	expect([f.runs[0], f.runs[1], f.runs[30]]).toEqual([2, 0, 2])
	expect([f.failures[0], f.failures[30]]).toEqual([1, 0])
	expect([f.p50[0], f.p50[1], f.p95[30]]).toEqual([2, null, null])
	expect(figures([]).times).toEqual([])
	// However long the time, there are no more than can be told apart.
	expect(figures([run({ QueuedAt: '2000-01-01T00:00:00Z' }), run({})]).times.length).toBeLessThanOrEqual(61)
})

test('a run that executes has lasted until now', () => {
	expect(duration(run({}))).toBeUndefined()
	expect(duration(run({ State: 'running', StartedAt: '2026-01-01T10:00:00Z' }), Date.parse('2026-01-01T10:00:03Z'))).toBe(3e9)
})

test('the cause of a run is told in words', () => {
	expect(causeText(undefined)).toBe('by hand')
	expect(causeText({ Kind: 'change', Id: noID, InstanceId: 'i', ModuleId: 'jobs' })).toBe('settings of the module jobs')
	expect(causeText({ Kind: 'schedule', Id: 'x', Name: 'nightly', InstanceId: noID })).toBe('schedule nightly, started by hand')
})
