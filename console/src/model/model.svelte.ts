// The model of a module: its settings, definitions, sections and behaviors, kept
// up to date while a page shows it.

import { listen } from '../daemon/feed'
import type { BehaviorDefinition, Definition, FieldDescriptor, ModuleSettings, SectionDefinition } from '../daemon/messages'
import { exposer, noID, read, readOne } from '../daemon/objects'
import { join, type StatusSystem } from './behavior'

export class Model {
	settings = $state.raw<ModuleSettings>()
	sections = $state.raw<SectionDefinition[]>([])
	definitions = $state.raw<Definition[]>([])
	behaviors = $state.raw<BehaviorDefinition[]>([])
	loaded = $state(false)
	problem = $state('')

	readonly sectionByID = $derived(new Map(this.sections.map((s) => [s.Id, s])))
	readonly fieldByID = $derived(new Map(this.sections.flatMap((s) => (s.FieldDescriptors ?? []).map((f): [string, FieldDescriptor] => [f.Id, f]))))

	constructor(readonly module: string) {}

	/** Reads the model, and again what changes of it, until the function returned is called. */
	follow(): () => void {
		void this.read()
		const again = (_: string, message: { ModuleId?: string }) => {
			if (message.ModuleId === this.module) void this.read()
		}
		return listen(
			[
				'DomSectionDefinitionsChangedEventMessage',
				'DomBehaviorDefinitionsChangedEventMessage',
				'DomDefinitionsChangedEventMessage',
				'ModuleSettingsChangedEventMessage',
			],
			(name, message) =>
				name === 'ModuleSettingsChangedEventMessage' ? void this.read() : again(name, message),
			() => void this.read(),
		)
	}

	async read(): Promise<void> {
		const byName = { Orders: [{ Exposer: exposer('Name') }] }
		try {
			const [settings, sections, definitions, behaviors] = await Promise.all([
				readOne('ModuleSettings', '', this.module),
				read('SectionDefinition', this.module, byName),
				read('DomDefinition', this.module, byName),
				read('DomBehaviorDefinition', this.module, byName),
			])
			this.settings = settings
			this.sections = sections
			this.definitions = definitions
			this.behaviors = behaviors
			this.problem = ''
		} catch (error) {
			this.problem = (error as Error).message
		}
		this.loaded = true
	}

	section(id: string): SectionDefinition | undefined {
		return this.sectionByID.get(id)
	}

	definition(id: string): Definition | undefined {
		return this.definitions.find((d) => d.Id === id)
	}

	behavior(id: string | undefined): BehaviorDefinition | undefined {
		return id && id !== noID ? this.behaviors.find((b) => b.Id === id) : undefined
	}

	/** The status system of a definition, undefined where none applies. */
	system(definition: Definition | undefined): StatusSystem | undefined {
		const own = this.behavior(definition?.DomBehaviorDefinitionId)
		return own && join(own, this.behavior(own.ParentId))
	}

	/** The fields of a definition with their sections, in the order of its links. */
	fields(definition: Definition): { section: SectionDefinition; field: FieldDescriptor }[] {
		const ids = new Set((definition.SectionDefinitionLinks ?? []).map((l) => l.SectionDefinitionId))
		const own = this.behavior(definition.DomBehaviorDefinitionId)
		for (const b of [this.behavior(own?.ParentId), own]) for (const l of b?.StatusSectionDefinitionLinks ?? []) ids.add(l.SectionDefinitionId)
		return [...ids].flatMap((id) => {
			const section = this.section(id)
			return (section?.FieldDescriptors ?? []).filter((f) => f.Kind !== 'StaticText').map((field) => ({ section: section!, field }))
		})
	}
}
