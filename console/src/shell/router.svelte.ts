// Which page is shown: by the path below /console/, with the browser's history.

import { confirm } from '../kit/confirm.svelte'
import { routes, type Route } from './routes'

export const root = '/console'

/** What a path leads to. */
export interface Match {
	route: Route
	params: Record<string, string>
}

/** Finds the route of a path, undefined where there is none. */
export function match(path: string): Match | undefined {
	const parts = split(path)
	for (const route of routes) {
		const params: Record<string, string> = {}
		const pattern = split(route.path)
		if (pattern.length !== parts.length) continue
		const fits = pattern.every((p, i) => {
			if (!p.startsWith(':')) return p === parts[i]
			params[p.slice(1)] = parts[i]
			return true
		})
		if (fits) return { route, params }
	}
	return undefined
}

function split(path: string): string[] {
	return path
		.split('/')
		.filter(Boolean)
		.map((part) => {
			try {
				return decodeURIComponent(part)
			} catch {
				return part
			}
		})
}

/** The address of a page: its parts are escaped as they need it. */
export function at(...parts: string[]): string {
	return root + '/' + parts.map(encodeURIComponent).join('/')
}

class Router {
	path = $state('/')
	query = $state(new URLSearchParams())
	/** Counts navigations, so that a page is made anew for another object. */
	found = $derived(match(this.path))

	#dirty: (() => boolean) | undefined
	#current = ''

	/** Starts to follow links and the browser's history. */
	start(): () => void {
		const popped = () => void this.#leave(() => this.#read(), () => history.pushState(null, '', this.#current))
		const clicked = (event: MouseEvent) => {
			const link = (event.target as Element).closest?.('a')
			if (!link || event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
			if (link.target || link.hasAttribute('download') || link.origin !== location.origin) return
			if (link.pathname !== root && !link.pathname.startsWith(root + '/')) return
			event.preventDefault()
			void this.go(link.pathname + link.search)
		}
		const unload = (event: BeforeUnloadEvent) => this.#dirty?.() && event.preventDefault()
		addEventListener('popstate', popped)
		document.addEventListener('click', clicked)
		addEventListener('beforeunload', unload)
		if (location.pathname === '/') history.replaceState(null, '', root + '/')
		this.#read()
		return () => {
			removeEventListener('popstate', popped)
			document.removeEventListener('click', clicked)
			removeEventListener('beforeunload', unload)
		}
	}

	/** Goes to an address, unless something is typed there that the person keeps. */
	async go(href: string, replace = false): Promise<void> {
		if (href === this.#current) return
		await this.#leave(() => {
			history[replace ? 'replaceState' : 'pushState'](null, '', href)
			this.#read()
			document.querySelector('main')?.scrollTo(0, 0)
		})
	}

	/** Changes the query of the page that is shown; empty values leave it. */
	set(values: Record<string, string | undefined>): void {
		const query = new URLSearchParams(this.query)
		for (const [name, value] of Object.entries(values)) value ? query.set(name, value) : query.delete(name)
		const text = query.toString()
		history.replaceState(null, '', location.pathname + (text ? '?' + text : ''))
		this.#read()
	}

	/** Says how to find out whether the page has something that is not stored. */
	guard(dirty: () => boolean): () => void {
		this.#dirty = dirty
		return () => {
			if (this.#dirty === dirty) this.#dirty = undefined
		}
	}

	async #leave(go: () => void, stay: () => void = () => {}): Promise<void> {
		if (this.#dirty?.()) {
			const yes = await confirm({
				title: 'Leave without saving?',
				text: 'What you changed on this page is not saved.',
				yes: 'Leave',
				danger: true,
			})
			if (!yes) return stay()
		}
		this.#dirty = undefined
		go()
	}

	#read(): void {
		this.#current = location.pathname + location.search
		this.path = location.pathname === root ? '/' : location.pathname.slice(root.length) || '/'
		this.query = new URLSearchParams(location.search)
	}
}

export const router = new Router()
