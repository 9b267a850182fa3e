import { expect, test } from 'vitest'
import { accessOf, dangling, limitValues, seenAs, withAccess } from './access'

test('giving access keeps the other links of the group and of others', () => {
	let s = withAccess(undefined, 'ops', 'd1', 'full')
	s = withAccess(s, 'OPS', 'd2', 'read')
	s = withAccess(s, 'crew', 'd1', 'values', { DomDefinitionId: 'd1', FieldDescriptorId: 'f', Values: ['Acme'] })
	expect(s.GroupLinks).toHaveLength(2)
	expect([accessOf(s.GroupLinks![0], 'd1'), accessOf(s.GroupLinks![0], 'd2'), accessOf(s.GroupLinks![1], 'd1'), accessOf(s.GroupLinks![1], 'd2')]).toEqual(['full', 'read', 'values', 'none'])
	s = withAccess(s, 'ops', 'd1', 'none')
	expect(accessOf(s.GroupLinks![0], 'd1')).toBe('none')
	// A group that is linked to nothing still restricts the module.
	expect(s.GroupLinks).toHaveLength(2)
})

test('links that lead nowhere are named', () => {
	const s = withAccess(withAccess(undefined, 'gone', 'd1', 'full'), 'ops', 'nothing', 'read')
	expect(dangling(s, ['ops'], ['d1'])).toHaveLength(2)
	// Who may not see the groups is told nothing about them.
	expect(dangling(s, undefined, ['d1'])).toHaveLength(1)
})

test('values of a limit are of the kind of the field', () => {
	const field = { Id: 'f', FieldType: 'GenericEnum<Int>', GenericEnum: { Entries: [{ DisplayName: 'High', Value: { Int: 2 } }] } } as never
	expect(limitValues('High\n\n1', field)).toEqual([{ Int: 2 }, { Int: 1 }])
	expect(limitValues('Acme', { Id: 'f', FieldType: 'String' } as never)).toEqual(['Acme'])
})

test('what somebody sees is said in words', () => {
	const d = { DomDefinitionId: 'd', Instances: 3, Readable: 3 }
	expect(seenAs({ ...d, Reads: 'all', Writes: 'all', Deletes: 'none' })).toBe('everything')
	expect(seenAs({ ...d, Reads: 'all', Writes: 'none', Deletes: 'none' })).toBe('everything, read-only')
	expect(seenAs({ ...d, Reads: 'all', Writes: 'values', Deletes: 'values' })).toBe('everything, changes some')
	expect(seenAs({ ...d, Reads: 'values', Writes: 'none', Deletes: 'none' })).toBe('some, read-only')
	expect(seenAs({ ...d, Reads: 'none', Writes: 'none', Deletes: 'none' })).toBe('nothing')
})
