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
	{ path: '/modules', title: 'Modules', load: () => import('../pages/modules/Modules.svelte'), menu: { icon: 'modules', group: 'Data' } },
	{ path: '/import', title: 'Import modules', load: () => import('../pages/modules/ImportPage.svelte'), needs: ['PermissionModuleSettingsConfiguration'] },
	{ path: '/modules/:module', title: 'Module', load: () => import('../pages/modules/ModulePage.svelte') },
	{ path: '/modules/:module/settings', title: 'Settings', load: () => import('../pages/modules/SettingsPage.svelte') },
	{ path: '/modules/:module/sections/:id', title: 'Section', load: () => import('../pages/modules/SectionPage.svelte') },
	{ path: '/modules/:module/definitions/:id', title: 'Definition', load: () => import('../pages/modules/DefinitionPage.svelte') },
	{ path: '/modules/:module/behaviors/:id', title: 'Behavior', load: () => import('../pages/modules/BehaviorPage.svelte') },
	{ path: '/instances', title: 'Instances', load: () => import('../pages/instances/Instances.svelte'), menu: { icon: 'instances', group: 'Data' } },
	{ path: '/instances/:module/of/:definition', title: 'Instances', load: () => import('../pages/instances/InstanceList.svelte') },
	{ path: '/instances/:module/new/:definition', title: 'New instance', load: () => import('../pages/instances/InstancePage.svelte') },
	{ path: '/instances/:module/:id', title: 'Instance', load: () => import('../pages/instances/InstancePage.svelte') },
	{ path: '/scripts', title: 'Scripts', load: () => import('../pages/scripts/Scripts.svelte'), menu: { icon: 'scripts', group: 'Automation' } },
	{ path: '/scripts/new/script', title: 'New script', load: () => import('../pages/scripts/ScriptPage.svelte') },
	{ path: '/scripts/:name', title: 'Script', load: () => import('../pages/scripts/ScriptPage.svelte') },
	{ path: '/runs', title: 'Runs', load: () => import('../pages/runs/Runs.svelte'), menu: { icon: 'runs', group: 'Automation' } },
	{ path: '/runs/:id', title: 'Run', load: () => import('../pages/runs/RunPage.svelte') },
	{
		path: '/schedules',
		title: 'Schedules',
		load: () => import('../pages/schedules/Schedules.svelte'),
		menu: { icon: 'schedules', group: 'Automation' },
		needs: ['PermissionAutomationSchedules'],
	},
	{ path: '/schedules/:id', title: 'Schedule', load: () => import('../pages/schedules/SchedulePage.svelte') },
	{
		path: '/triggers',
		title: 'Triggers',
		load: () => import('../pages/triggers/Triggers.svelte'),
		menu: { icon: 'triggers', group: 'Automation' },
		needs: ['PermissionAutomationTriggers'],
	},
	{ path: '/triggers/:id', title: 'Trigger', load: () => import('../pages/triggers/TriggerPage.svelte') },
	{
		path: '/apis',
		title: 'APIs',
		load: () => import('../pages/apis/Apis.svelte'),
		menu: { icon: 'apis', group: 'Automation' },
		needs: ['PermissionAutomationApis'],
	},
	{ path: '/apis/:id', title: 'API', load: () => import('../pages/apis/ApiPage.svelte') },
	{
		path: '/webhooks',
		title: 'Webhooks',
		load: () => import('../pages/webhooks/Webhooks.svelte'),
		menu: { icon: 'link', group: 'Automation' },
		needs: ['PermissionSystemAdministration'],
	},
	{ path: '/webhooks/:id', title: 'Webhook', load: () => import('../pages/webhooks/WebhookPage.svelte') },
	{ path: '/plugins', title: 'Plugins', load: () => import('../pages/plugins/Plugins.svelte'), menu: { icon: 'plugins', group: 'Automation' } },
	{
		path: '/secrets',
		title: 'Secrets',
		load: () => import('../pages/secrets/Secrets.svelte'),
		menu: { icon: 'lock', group: 'Automation' },
		needs: ['PermissionAutomationSecrets'],
	},
	{ path: '/security', title: 'Security', load: () => import('../pages/security/Security.svelte'), menu: { icon: 'security', group: 'Administration' } },
	{ path: '/system', title: 'System', load: () => import('../pages/system/System.svelte'), menu: { icon: 'system', group: 'Administration' } },
	{ path: '/account', title: 'Account', load: () => import('../pages/Account.svelte') },
]
