import { describe, expect, test } from 'vitest'
import { Edit } from './edit.svelte'

interface Schedule {
	Name: string
	Expression: string
	Parameters?: Record<string, string>
	Revision?: number
}
const stored = (more: Partial<Schedule> = {}): Schedule => ({ Name: 'nightly', Expression: '0 2 * * *', Revision: 3, ...more })

describe('what others store while one types', () => {
	test('is taken up where nothing is typed', () => {
		const edit = new Edit(stored())
		edit.follow(stored({ Expression: '0 4 * * *', Revision: 4 }), 'ben')
		expect(edit.draft).toEqual(stored({ Expression: '0 4 * * *', Revision: 4 }))
		expect(edit.touched).toBe(false)
		expect(edit.note).toBe('ben has changed it.')
	})

	test('stands beside what is typed elsewhere, and is stored with it', () => {
		const edit = new Edit(stored())
		edit.draft.Name = 'early'
		edit.follow(stored({ Parameters: { a: '1' }, Revision: 4 }), 'ben')
		expect(edit.draft).toEqual(stored({ Name: 'early', Parameters: { a: '1' }, Revision: 4 }))
		expect(edit.touched).toBe(true)
		expect(edit.newer).toBeUndefined()
		expect(edit.note).toContain('What you typed stands beside that')
	})

	test('waits for a decision where both have changed the same', () => {
		for (const [decide, name] of [[(e: Edit<Schedule>) => e.replace(), 'mine'], [(e: Edit<Schedule>) => e.reset(), 'theirs']] as const) {
			const edit = new Edit(stored())
			edit.draft.Name = 'mine'
			edit.follow(stored({ Name: 'theirs', Expression: '@daily', Revision: 4 }), 'ben')
			expect(edit.newer?.Name).toBe('theirs')
			expect(edit.draft, 'nothing moves before that').toEqual(stored({ Name: 'mine' }))
			decide(edit)
			expect(edit.draft).toEqual({ Name: name, Expression: '@daily', Revision: 4 })
			expect(edit.newer).toBeUndefined()
			expect(edit.touched).toBe(name === 'mine')
		}
	})

	test('asks nothing where both have made the same of it', () => {
		const edit = new Edit(stored())
		edit.draft.Name = 'early'
		edit.follow(stored({ Name: 'early', Revision: 4 }), 'ben')
		expect(edit.newer).toBeUndefined()
		expect(edit.touched).toBe(false)
	})

	test('is forgotten where it was taken back, and when it is older than what is known', () => {
		const edit = new Edit(stored())
		edit.draft.Name = 'mine'
		edit.follow(stored({ Name: 'theirs', Revision: 4 }), 'ben')
		edit.follow(stored(), 'ben')
		expect(edit.newer).toBeUndefined()
		edit.follow(stored({ Name: 'older', Revision: 2 }), 'ben')
		expect(edit.newer).toBeUndefined()
		expect(edit.draft.Name).toBe('mine')
	})

	test('may be that it is deleted, and then what is typed stays', () => {
		const edit = new Edit(stored())
		edit.draft.Name = 'mine'
		edit.follow(undefined, 'ben')
		expect(edit.gone).toBe(true)
		expect(edit.draft.Name).toBe('mine')
		edit.follow(stored(), 'ben')
		expect(edit.gone).toBe(false)
	})
})

test('what is typed while it is being stored stays, and what the daemon added is taken up', () => {
	const edit = new Edit(stored())
	edit.draft.Name = 'early'
	const sent = structuredClone(stored({ Name: 'early' }))
	edit.draft.Name = 'earlier'
	edit.settle(sent, stored({ Name: 'early', Revision: 4 }))
	expect(edit.draft).toEqual(stored({ Name: 'earlier', Revision: 4 }))
	expect(edit.touched).toBe(true)
})

test('a new one can be stored as it is, and nobody else changes it', () => {
	const edit = new Edit<Schedule>({ Name: '', Expression: '' }, true)
	expect([edit.touched, edit.dirty]).toEqual([false, true])
	edit.follow(undefined)
	expect(edit.gone).toBe(false)
})
