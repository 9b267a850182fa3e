// All pages. One with a place has an entry in the menu; each is loaded when it is
// first shown.

import type { Component } from 'svelte'
import type { IconName } from '../kit/icons'
import type { PermissionFlags } from '../daemon/messages'

export interface Route {
	/** The path below the root; a part that begins with a colon is a parameter. */
	path: string
	title: string
	load: () => Promise<{ default: Component<any> }>
	/** The entry in the menu: its icon, and what it is in. */
	menu?: { icon: IconName; group: 'Data' | 'Automation' | 'Administration' }
	/** The entry is only for who has one of these permissions. */
	needs?: (keyof typeof PermissionFlags)[]
}

export const routes: Route[] = [
	{ path: '/', title: 'Overview', load: () => import('../pages/Overview.svelte') },
	{ path: '/account', title: 'Account', load: () => import('../pages/Account.svelte') },
]
