import { expect, test } from 'vitest'
import type { ModuleImport } from '../daemon/messages'
import { doesSomething, fileProblem, fromBase64, toBase64, totals } from './modulefile'

test('files come back as they were', () => {
	const bytes = Uint8Array.from({ length: 100_000 }, (_, i) => (i * 7) % 256)
	expect(fromBase64(toBase64(bytes))).toEqual(bytes)
	expect(toBase64(new Uint8Array())).toBe('')
})

test('what a message does not carry goes by the command line', () => {
	expect(fileProblem('jobs.zip', 9 * 1024 * 1024)).toContain('domovoi module import jobs.zip')
	expect(fileProblem('jobs.zip', 1000)).toBe('')
	expect(fileProblem('jobs.zip', 0)).not.toBe('')
})

test('totals leave out what was refused', () => {
	const m: ModuleImport = { ModuleId: 'm', Creates: 3, Updates: 2, Unchanged: 1 }
	expect(totals(m, false)).toBe('3 to create, 2 to update, 1 as they are')
	m.Failed = 2
	m.Steps = [
		{ Action: 'create', Kind: 'DomDefinition', Key: 'a', Failure: 'no' },
		{ Action: 'update', Kind: 'DomDefinition', Key: 'b', Failure: 'no' },
	]
	expect(totals(m, true)).toBe('2 created, 1 updated, 1 as they are, 2 refused')
	expect(doesSomething([m])).toBe(true)
	expect(doesSomething([{ ...m, Creates: 0, Updates: 0 }])).toBe(false)
})
