// Modules as files: the bounds are those of the messages, sdk/dom says them too.

import type { ModuleImport, ModuleImportStep } from '../daemon/messages'

/** The most bytes of a file that a message carries. */
export const mostBytes = 8 * 1024 * 1024

/** What is wrong with a file before it is sent, empty where nothing is. */
export function fileProblem(name: string, size: number): string {
	if (size > mostBytes) return 'The file is larger than 8 MiB. The command line imports files of any size: domovoi module import ' + name
	return size === 0 ? 'The file is empty.' : ''
}

/** Bytes in base64. */
export function toBase64(bytes: Uint8Array): string {
	let text = ''
	for (let i = 0; i < bytes.length; i += 0x8000) text += String.fromCharCode(...bytes.subarray(i, i + 0x8000))
	return btoa(text)
}

export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
	return Uint8Array.from(atob(text), (c) => c.charCodeAt(0))
}

const kinds: Record<string, string> = {
	ModuleSettings: 'settings',
	SectionDefinition: 'section',
	DomBehaviorDefinition: 'behavior',
	DomDefinition: 'definition',
	DomTemplate: 'template',
	DomInstance: 'instance',
}

/** What kind of object a step is about. */
export function kindOf(step: ModuleImportStep): string {
	return kinds[step.Kind] ?? step.Kind
}

/** Whether an import does anything. */
export function doesSomething(modules: ModuleImport[]): boolean {
	return modules.some((m) => m.Creates + m.Updates > 0)
}

/** What was or will be done with a module, in one line. */
export function totals(m: ModuleImport, done: boolean): string {
	const failed = m.Failed ?? 0
	const failedCreates = (m.Steps ?? []).filter((s) => s.Failure && s.Action === 'create').length
	const creates = m.Creates - failedCreates
	const updates = m.Updates - (failed - failedCreates)
	return [
		`${creates} ${done ? 'created' : 'to create'}`,
		`${updates} ${done ? 'updated' : 'to update'}`,
		`${m.Unchanged} as they are`,
		...(failed ? [`${failed} refused`] : []),
	].join(', ')
}
