// Light, dark, or as the system has it.

export type Theme = 'light' | 'dark' | 'system'

const kept = 'domovoi.theme'

class Themes {
	current = $state<Theme>((document.documentElement.dataset.theme as Theme | undefined) ?? 'system')

	/** Light, dark and system follow one another. */
	next(): void {
		this.current = this.current === 'system' ? 'light' : this.current === 'light' ? 'dark' : 'system'
		if (this.current === 'system') delete document.documentElement.dataset.theme
		else document.documentElement.dataset.theme = this.current
		try {
			if (this.current === 'system') localStorage.removeItem(kept)
			else localStorage.setItem(kept, this.current)
		} catch {
			// A browser that keeps nothing asks the system again next time.
		}
	}
}

export const theme = new Themes()
