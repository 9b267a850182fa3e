// Short words about what has been done. What went wrong stands where it belongs,
// not here, unless that place is gone.

export interface Toast {
	id: number
	tone: 'good' | 'bad' | 'info'
	text: string
	href?: string
}

let next = 1

class Toasts {
	list = $state<Toast[]>([])

	say(text: string, tone: Toast['tone'] = 'good', href?: string): void {
		const toast = { id: next++, tone, text, href }
		this.list = [...this.list.slice(-3), toast]
		setTimeout(() => this.dismiss(toast.id), tone === 'bad' ? 12_000 : 5_000)
	}

	dismiss(id: number): void {
		this.list = this.list.filter((t) => t.id !== id)
	}
}

export const toasts = new Toasts()
