// JSON as people type it, such as the input of a script.

import { messageOf } from '../daemon/call'

/** Writes a value so that readJSON reads it; there is no text where there is no value. */
export function jsonText(value: unknown): string {
	return value === undefined || value === null ? '' : JSON.stringify(value, null, 2)
}

/** Reads what is typed; nothing is no value. The problem says why it is no JSON, empty where it is. */
export function readJSON(text: string): { value?: unknown; problem: string } {
	if (!text.trim()) return { problem: '' }
	try {
		return { value: JSON.parse(text), problem: '' }
	} catch (error) {
		return { problem: 'It is no JSON: ' + messageOf(error) }
	}
}
