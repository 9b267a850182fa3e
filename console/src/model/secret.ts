// Secrets: names, and who may read them. Values are typed and never read.

/** What is wrong with what is typed, by field. */
export function secretProblems(typed: { isNew: boolean; rotates: boolean; name: string; value: string }): { name?: string; value?: string } {
	const size = new TextEncoder().encode(typed.value).length
	return {
		name: !typed.isNew || /^[A-Za-z0-9_.-]+$/.test(typed.name.trim()) ? undefined : typed.name.trim() ? 'It has letters, digits, _ - and . only.' : 'It needs a name.',
		value: !typed.rotates || (size > 0 && size <= 65_536) ? undefined : size ? `It has ${size} bytes, at most 65,536 are stored.` : 'It needs a value.',
	}
}
