// The modules of the daemon, as the menu, the palette and the pages show them.

import { listen } from '../daemon/feed'
import type { ModuleSettings } from '../daemon/messages'
import { exposer, read } from '../daemon/objects'

class Modules {
	list = $state.raw<ModuleSettings[]>([])
	loaded = $state(false)
	problem = $state('')

	/** Reads them, and again whenever one changes, until the function returned is called. */
	follow(): () => void {
		void this.read()
		return listen(
			['ModuleSettingsChangedEventMessage'],
			() => void this.read(),
			() => void this.read(),
		)
	}

	async read(): Promise<void> {
		try {
			this.list = await read('ModuleSettings', '', { Orders: [{ Exposer: exposer('ModuleId') }] })
			this.problem = ''
		} catch (error) {
			this.problem = (error as Error).message
		}
		this.loaded = true
	}
}

export const modules = new Modules()
