// The form of a script's parameters, from the JSON Schema that it has.

export interface SchemaField {
	name: string
	title: string
	hint: string
	required: boolean
	/** Which control it takes: json is for lists and objects. */
	control: 'text' | 'number' | 'integer' | 'bool' | 'choice' | 'json'
	choices: string[]
	initial: string
}

type Schema = Record<string, unknown>

const record = (v: unknown): Schema => (v && typeof v === 'object' && !Array.isArray(v) ? (v as Schema) : {})

/** The fields of a schema of an object, in its order; none for anything else. */
export function fieldsOf(schema: unknown): SchemaField[] {
	const s = record(schema)
	const required = Array.isArray(s.required) ? s.required : []
	return Object.entries(record(s.properties)).map(([name, each]) => {
		const p = resolve(record(each), s)
		const choices = Array.isArray(p.enum) ? p.enum.map((v) => (typeof v === 'string' ? v : JSON.stringify(v))) : []
		const control = controlOf(p, choices)
		return {
			name,
			title: typeof p.title === 'string' ? p.title : name,
			hint: [typeof p.description === 'string' ? p.description : '', bounds(p)].filter(Boolean).join(' '),
			required: required.includes(name),
			control,
			choices,
			initial: p.default === undefined ? '' : typeof p.default === 'string' && control !== 'json' ? p.default : JSON.stringify(p.default),
		}
	})
}

function resolve(p: Schema, root: Schema): Schema {
	const ref = typeof p.$ref === 'string' ? p.$ref : ''
	if (!ref.startsWith('#/')) return p
	const found = ref
		.slice(2)
		.split('/')
		.reduce<unknown>((at, part) => record(at)[part], root)
	return { ...record(found), ...p }
}

function controlOf(p: Schema, choices: string[]): SchemaField['control'] {
	const types = (Array.isArray(p.type) ? p.type : [p.type]).filter((t) => t !== 'null')
	if (choices.length) return 'choice'
	if (types.length !== 1) return 'json'
	switch (types[0]) {
		case 'string':
			return 'text'
		case 'integer':
			return 'integer'
		case 'number':
			return 'number'
		case 'boolean':
			return 'bool'
		default:
			return 'json'
	}
}

function bounds(p: Schema): string {
	const low = p.minimum ?? p.minLength
	const high = p.maximum ?? p.maxLength
	const format = typeof p.format === 'string' ? `(${p.format})` : ''
	if (low !== undefined && high !== undefined) return `From ${low} to ${high}.`
	if (low !== undefined) return `At least ${low}.`
	if (high !== undefined) return `At most ${high}.`
	return format
}

/** What the drafts of a form mean: an input, or what is wrong by field. */
export function inputOf(fields: SchemaField[], drafts: Record<string, string>): { input: Record<string, unknown>; errors: Record<string, string> } {
	const input: Record<string, unknown> = {}
	const errors: Record<string, string> = {}
	for (const field of fields) {
		const text = drafts[field.name] ?? ''
		if (text.trim() === '') {
			if (field.required && field.control !== 'text') errors[field.name] = 'It is required.'
			else if (field.required) input[field.name] = ''
			continue
		}
		switch (field.control) {
			case 'number':
			case 'integer': {
				const n = Number(text)
				if (!/^-?[\d.]+(e[+-]?\d+)?$/i.test(text.trim()) || !Number.isFinite(n)) errors[field.name] = 'It is no number.'
				else if (field.control === 'integer' && !Number.isInteger(n)) errors[field.name] = 'It is no whole number.'
				else if (!Number.isSafeInteger(n) && field.control === 'integer') errors[field.name] = 'It is too large for a form.'
				else input[field.name] = n
				break
			}
			case 'bool':
				input[field.name] = text === 'true'
				break
			case 'choice':
			case 'json':
				try {
					input[field.name] = field.control === 'choice' ? choice(text) : JSON.parse(text)
				} catch (error) {
					errors[field.name] = 'It is no JSON: ' + (error as Error).message
				}
				break
			default:
				input[field.name] = text
		}
	}
	return { input, errors }
}

// A choice is a text, unless it is written as a number.
function choice(text: string): unknown {
	return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text
}
