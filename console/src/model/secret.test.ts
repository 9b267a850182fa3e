import { expect, test } from 'vitest'
import { secretProblems } from './secret'

test('a secret says what it lacks', () => {
	const typed = { isNew: true, rotates: true, name: 'smtp.password', value: 'x' }
	expect(Object.values(secretProblems(typed)).filter(Boolean)).toEqual([])
	expect(secretProblems({ ...typed, name: 'two words' }).name).toBeDefined()
	expect(secretProblems({ ...typed, value: '' }).value).toBeDefined()
	expect(secretProblems({ ...typed, value: 'ä'.repeat(40_000) }).value).toContain('80000')
	expect(secretProblems({ isNew: false, rotates: false, name: 'x', value: '' })).toEqual({ name: undefined, value: undefined })
})
