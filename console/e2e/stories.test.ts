// What happens between people, and what holds on every page.

import { mkdir } from 'node:fs/promises'
import type { Locator, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { DomObject, ObjectKind } from '../src/daemon/messages'
import { House, password } from './house'
import { none, seed, type Seed } from './seed'

let house: House
let data: Seed
let page: Page
let run: string
let schedule: string
let trigger: string
let api: string
let webhook: string

const greeting = 'package main\n\nimport (\n\t"context"\n\n\t"domovoi.dev/sdk"\n)\n\nfunc Run(ctx context.Context, engine *sdk.Engine) error { return nil }\n'

beforeAll(async () => {
	house = await House.open()
	await house.send('CreateUserMessage', { Name: 'ann', Password: password, Groups: ['Administrators'] })
	await house.send('CreateGroupMessage', { Group: { Name: 'crew' } })
	await house.send('CreateUserMessage', { Name: 'ben', Password: password, Groups: ['crew'] })
	data = await seed(house, 'jobs', 40)
	const [title] = data.sections.job.FieldDescriptors!
	const source = `// Names a job anew.
package main

import (
	"context"

	"domovoi.dev/sdk"
	"domovoi.dev/sdk/dom"
)

func Run(ctx context.Context, engine *sdk.Engine) error {
	jobs := engine.DomHelper("jobs").DomInstances
	title, err := dom.ParseFieldDescriptorID("${title.Id}")
	if err != nil {
		return err
	}
	section, err := dom.ParseSectionDefinitionID("${data.sections.job.Id}")
	if err != nil {
		return err
	}
	found, err := jobs.Read(ctx, dom.InstanceExposers.FieldValue(title).Equal("Job 00001"))
	if err != nil {
		return err
	}
	engine.Log.Info("renaming", "jobs", len(found))
	found[0].AddOrUpdateFieldValue(section, title, "Job by script")
	_, err = jobs.Update(ctx, found[0])
	return err
}
`
	await house.send('DeployScriptMessage', { Name: 'rename', Files: [{ Name: 'script.go', Content: source }] })
	await house.send('DeployScriptMessage', { Name: 'greet', Files: [{ Name: 'script.go', Content: greeting }] })
	const { Run: ended } = await house.send('ExecuteScriptMessage', { ScriptName: 'rename' })
	expect(ended.State, JSON.stringify(ended.Errors)).toBe('succeeded')
	run = ended.Id
	schedule = (await house.send('CreateScheduleMessage', { Schedule: { Id: none, Name: 'nightly', Script: 'rename', Expression: '0 2 * * *', Owner: 'ann', OwnerId: none, Misfire: {}, LastRun: none, Paused: true } })).Schedule.Id
	trigger = (await house.send('CreateTriggerMessage', { Trigger: { Id: none, Name: 'on new jobs', ModuleId: 'jobs', DomDefinitionId: data.job.Id, Events: ['created'], Script: 'rename', EntryPoint: 'Run', Owner: 'ann', OwnerId: none, Paused: true } })).Trigger.Id
	api = (await house.send('CreateApiDefinitionMessage', { Definition: { Id: none, Name: 'rename', Route: 'jobs/rename', Methods: ['POST'], Script: 'rename' } as never })).Definition.Id
	await house.send('CreateApiTokenMessage', { Token: { Id: none, Name: 'shop', User: 'ann', UserId: none, Definitions: [api] } })
	webhook = (await house.send('CreateWebhookMessage', { Webhook: { Id: none, Name: 'alarm', Url: 'https://example.org/hook', Events: ['run.failed'] }, Secret: 'x'.repeat(32) })).Webhook.Id
	await house.send('SetSecretMessage', { Name: 'smtp.password', Value: 'x', Scripts: ['rename'], SetScripts: true })
	page = await house.signedIn('ann')
})
afterAll(() => house?.close())
afterEach(() => expect(house.problems.splice(0)).toEqual([]))

const open = (path: string, on = page) => on.goto(house.address + '/console' + path)
const heading = (name: string | RegExp, on = page) => on.getByRole('heading', { level: 1, name }).waitFor()

test('a change leads to the run that made it, and the run to the change', async () => {
	await open(`/instances/jobs/${data.jobs[0].Id}`)
	await heading('Job by script')
	const history = page.getByRole('list', { name: 'History' })
	await history.getByText('Job by script').waitFor()
	await history.getByRole('link', { name: `run ${run.slice(0, 8)}` }).click()
	await heading('rename')
	expect(new URL(page.url()).pathname).toBe(`/console/runs/${run}`)
	await page.getByRole('log').getByText('jobs=1').waitFor()
	await page.getByRole('link', { name: 'Changes' }).click()
	await page.getByRole('link', { name: data.jobs[0].Id.slice(0, 8) }).click()
	await heading('Job by script')
})

test('a reference is called by its name, in the history and in a list', async () => {
	const [acme] = data.customers
	const name = String(acme.Sections![0].FieldValues![0].Value)
	await open(`/instances/jobs/${data.jobs[0].Id}`)
	const history = page.getByRole('list', { name: 'History' })
	await history.getByRole('link', { name }).waitFor()
	expect(await history.getByText(acme.Id).count()).toBe(0)
	await history.getByRole('link', { name }).click()
	await heading(name)
	await open(`/instances/jobs/of/${data.job.Id}`)
	await page.getByRole('button', { name: 'Columns' }).click()
	await page.getByRole('checkbox', { name: /^For/ }).check()
	await page.getByRole('button', { name: 'Done' }).click()
	await page.getByRole('grid').getByText(name, { exact: true }).first().waitFor()
})

test('what a person creates, the list of another one shows at once', async () => {
	const ben = await house.signedIn('ben')
	await open(`/instances/jobs/of/${data.customer.Id}`, ben)
	const grid = ben.getByRole('grid')
	await grid.getByRole('link', { name: 'Globex' }).waitFor()
	await open(`/instances/jobs/new/${data.customer.Id}`)
	await page.getByLabel('Company').fill('Hooli')
	await page.getByRole('button', { name: 'Create' }).click()
	await heading('Hooli')
	await grid.getByRole('link', { name: 'Hooli' }).waitFor()
	await ben.context().close()
})

/** A form, what is typed into it, and what somebody else does between the two halves of the word. */
interface Typing {
	path: () => string
	/** What leads to the form, on its page. */
	begin?: (on: Page) => Promise<unknown>
	input: (on: Page) => Locator
	meanwhile: () => Promise<unknown>
	/** What the page shows of that. */
	told: (on: Page) => Locator
}

const model = (kind: ObjectKind, id: string, change: object) =>
	house.send('ManagerStoreReadRequest', { ModuleId: kind === 'ModuleSettings' ? '' : 'jobs', Kind: kind, Query: { Filter: { Operator: 'compare', Exposer: { Name: kind === 'ModuleSettings' ? 'ModuleId' : 'Id', FieldId: none }, Comparer: '==', Value: kind === 'ModuleSettings' ? id : { Guid: id } } as never } })
		.then((a) => house.send('ManagerStoreUpdateRequest', { ModuleId: kind === 'ModuleSettings' ? '' : 'jobs', Kind: kind, Object: { ...a.Objects![0], ...change } as DomObject }))
const name = (on: Page | Locator) => on.getByRole('textbox', { name: 'Name', exact: true }).first()
const dialog = (on: Page) => on.getByRole('dialog')
const theirs = (on: Page) => on.getByText('has stored another version meanwhile')
const beside = (on: Page) => on.getByText('What you typed stands beside that.')

const typings: Record<string, Typing> = {
	'a new instance': { path: () => `/instances/jobs/new/${data.customer.Id}`, input: (on) => on.getByLabel('Company'), meanwhile: () => model('SectionDefinition', data.sections.customer.Id, { FieldDescriptors: [{ ...data.sections.customer.FieldDescriptors![0], Tooltip: 'As it stands in the register' }, data.sections.customer.FieldDescriptors![1]] }), told: (on) => on.getByText('As it stands in the register') },
	'a section': { path: () => `/modules/jobs/sections/${data.sections.planning.Id}`, input: name, meanwhile: () => model('SectionDefinition', data.sections.planning.Id, { Name: 'Plan' }), told: theirs },
	'a field of a section': { path: () => `/modules/jobs/sections/${data.sections.planning.Id}`, begin: (on) => on.getByRole('button', { name: 'Notes', exact: true }).click(), input: (on) => on.getByLabel('Tooltip'), meanwhile: () => model('SectionDefinition', data.sections.planning.Id, { Name: 'Planned' }), told: beside },
	'a definition': { path: () => `/modules/jobs/definitions/${data.customer.Id}`, input: name, meanwhile: () => model('SectionDefinition', data.sections.planning.Id, { Name: 'Planning' }), told: (on) => on.getByRole('link', { name: 'Planning' }) },
	'a behavior': { path: () => `/modules/jobs/behaviors/${data.behavior.Id}`, input: (on) => on.getByLabel('New status'), meanwhile: () => model('DomBehaviorDefinition', data.behavior.Id, { Name: 'Life of jobs' }), told: (on) => on.getByText('has changed it.') },
	'the settings of a module': { path: () => '/modules/jobs/settings', input: (on) => on.getByLabel('After creating'), meanwhile: () => model('ModuleSettings', 'jobs', {}), told: (on) => beside(on).or(theirs(on)) },
	'a schedule': { path: () => `/schedules/${schedule}`, input: name, meanwhile: () => house.send('PauseScheduleMessage', { Id: schedule, Paused: false }), told: beside },
	'the same name of a schedule': { path: () => `/schedules/${schedule}`, input: name, meanwhile: async () => house.send('UpdateScheduleMessage', { Schedule: { ...(await house.send('GetScheduleMessage', { Id: schedule })).Schedule, Name: 'each night', Paused: true } }), told: theirs },
	'a new schedule': { path: () => '/schedules/new', input: name, meanwhile: () => house.send('PauseScheduleMessage', { Id: schedule, Paused: true }), told: (on) => on.getByRole('heading', { name: 'New schedule' }) },
	'a trigger': { path: () => `/triggers/${trigger}`, input: (on) => on.getByLabel('And it fulfils'), meanwhile: () => model('ModuleSettings', 'jobs', {}).then(() => house.send('PauseTriggerMessage', { Id: trigger, Paused: true })).then(() => house.send('PauseTriggerMessage', { Id: trigger, Paused: false })), told: beside },
	'an API': { path: () => `/apis/${api}`, input: (on) => on.getByLabel('Requests of each token'), meanwhile: async () => house.send('UpdateApiDefinitionMessage', { Definition: { ...(await house.send('GetApiDefinitionMessage', { Id: api })).Definition, Description: 'Names jobs anew.' } }), told: beside },
	'an API that is tried out': { path: () => `/apis/${api}?part=try`, input: (on) => on.getByLabel('Query'), meanwhile: async () => house.send('UpdateApiDefinitionMessage', { Definition: { ...(await house.send('GetApiDefinitionMessage', { Id: api })).Definition, Description: 'Names a job anew.' } }), told: (on) => on.getByText('has changed it.') },
	'a token of an API': { path: () => `/apis/${api}?part=tokens`, begin: (on) => on.getByRole('button', { name: 'New token' }).click(), input: (on) => name(dialog(on)), meanwhile: () => house.send('CreateApiTokenMessage', { Token: { Id: none, Name: 'till', User: 'ann', UserId: none, Definitions: [api] } }), told: (on) => on.getByText('till') },
	'a webhook': { path: () => `/webhooks/${webhook}`, input: name, meanwhile: async () => house.send('UpdateWebhookMessage', { Webhook: { ...(await house.send('GetWebhooksMessage', {})).Webhooks!.find((w) => w.Id === webhook)!, Url: 'https://example.org/other' } }), told: beside },
	'a script': { path: () => '/scripts/greet', input: (on) => on.getByRole('textbox', { name: 'Source of script.go' }), meanwhile: () => house.send('DeployScriptMessage', { Name: 'greet', Files: [{ Name: 'script.go', Content: greeting }], Manifest: 'description: Says hello.\n' }), told: beside },
	'the parameters of a run': { path: () => '/scripts/rename', begin: (on) => on.getByRole('button', { name: 'Parameter' }).click(), input: (on) => on.getByLabel('Name of the parameter'), meanwhile: () => house.send('UpdateScriptMessage', { Name: 'rename', RunsAs: 'ann' }), told: (on) => on.getByText('as ann') },
	'a secret': { path: () => '/secrets', begin: (on) => on.getByRole('button', { name: 'New secret' }).click(), input: (on) => name(dialog(on)), meanwhile: () => house.send('SetSecretMessage', { Name: 'api.key', Value: 'x' }), told: (on) => on.getByText('api.key') },
	'a user': { path: () => '/security', begin: (on) => on.getByRole('button', { name: 'New user' }).click(), input: (on) => name(dialog(on)), meanwhile: () => house.send('CreateUserMessage', { Name: 'dora' }), told: (on) => on.getByText('dora') },
	'a group': { path: () => '/security', begin: (on) => on.getByRole('button', { name: 'New group' }).click(), input: (on) => name(dialog(on)), meanwhile: () => house.send('CreateGroupMessage', { Group: { Name: 'guests' } }), told: (on) => on.getByText('guests') },
	'a token': { path: () => '/security?part=tokens', begin: (on) => on.getByRole('button', { name: 'New token' }).click(), input: (on) => name(dialog(on)), meanwhile: () => house.send('CreateTokenMessage', { User: 'ann', Name: 'nightly job' }), told: (on) => on.getByText('nightly job') },
	'an import': { path: () => '/import', input: (on) => on.getByLabel('Under another id'), meanwhile: () => model('ModuleSettings', 'jobs', {}), told: (on) => on.getByRole('heading', { name: 'Import modules' }) },
}

test('typing goes on while others change what is typed about', { timeout: 120_000 }, async () => {
	const own = await house.signedIn('ann')
	own.on('dialog', (leaving) => void leaving.accept())
	for (const [what, { path, begin, input, meanwhile, told }] of Object.entries(typings)) {
		await open(path(), own)
		await begin?.(own)
		await input(own).focus()
		await own.keyboard.press('Control+End')
		await own.keyboard.type('half')
		await meanwhile()
		// What the daemon tells of comes by itself; the rest when somebody looks again.
		await own.evaluate(() => document.dispatchEvent(new Event('visibilitychange')))
		await told(own).first().waitFor().catch((error: Error) => expect.unreachable(`${what}: ${error.message}`))
		await own.keyboard.type('done')
		const typed = await input(own).evaluate((e) => (e instanceof HTMLInputElement || e instanceof HTMLTextAreaElement ? e.value : (e as HTMLElement).innerText))
		expect(typed, what).toContain('halfdone')
	}
	await own.context().close()
})

test('what both have typed is stored when the person has decided', async () => {
	await open(`/schedules/${schedule}`)
	await name(page).fill('mine')
	const { Schedule: now } = await house.send('GetScheduleMessage', { Id: schedule })
	await house.send('UpdateScheduleMessage', { Schedule: { ...now, Name: 'theirs', Description: 'Theirs too' } })
	await page.getByRole('button', { name: 'Save', exact: true }).click()
	await theirs(page).waitFor()
	expect((await house.send('GetScheduleMessage', { Id: schedule })).Schedule.Name).toBe('theirs')
	await page.getByRole('button', { name: 'Keep mine' }).click()
	await page.getByRole('button', { name: 'Save', exact: true }).click()
	await heading('mine')
	expect((await house.send('GetScheduleMessage', { Id: schedule })).Schedule).toMatchObject({ Name: 'mine', Description: 'Theirs too' })
})

test('pausing and running leave what is typed', async () => {
	await open(`/schedules/${schedule}`)
	await page.getByLabel('Description').fill('half a sen')
	await page.getByRole('button', { name: /^(Pause|Resume)$/ }).click()
	await page.getByRole('button', { name: 'Run now' }).click()
	await page.getByRole('region', { name: 'Latest runs' }).getByRole('link').nth(1).waitFor()
	expect(await page.getByLabel('Description').inputValue()).toBe('half a sen')
	await page.getByLabel('Description').fill('half a sentence')
	await page.getByRole('button', { name: 'Save', exact: true }).click()
	await page.getByText('Saved').first().waitFor()
	expect((await house.send('GetScheduleMessage', { Id: schedule })).Schedule.Description).toBe('half a sentence')
})

test('who is restricted loses what others keep', async () => {
	const ben = await house.signedIn('ben')
	await open(`/instances/jobs/of/${data.job.Id}?sort=Name`, ben)
	await ben.getByRole('grid').getByRole('link', { name: 'Job 00002' }).waitFor()

	await open('/security?part=modules&module=jobs')
	await page.getByLabel('Access of crew to Customer').selectOption('all')
	await page.getByText('Access is restricted').waitFor()
	await page.getByRole('button', { name: 'Save' }).click()
	await page.getByText('Saved, and in effect').waitFor()

	// Restricted modules are asked in other ways, which an administrator does not notice.
	await open(`/runs/${run}?part=changes`)
	await page.getByRole('link', { name: data.jobs[0].Id.slice(0, 8) }).waitFor()
	await open('/modules')
	await page.getByRole('row', { name: /^jobs 2 3 1 4\d/ }).waitFor()

	await ben.reload()
	await ben.getByText('no access to the instances of the DOM definitions Job').waitFor()
	expect(await ben.getByRole('grid').getByRole('link').count()).toBe(0)
	await open(`/instances/jobs/${data.jobs[1].Id}`, ben)
	await ben.getByText(/There is no such instance|has no access/).first().waitFor()
	await open(`/instances/jobs/of/${data.customer.Id}`, ben)
	await ben.getByRole('grid').getByRole('link', { name: 'Globex' }).waitFor()
	await open(`/instances/jobs/of/${data.job.Id}?sort=Name`)
	await page.getByRole('grid').getByRole('link', { name: 'Job 00002' }).waitFor()
	await ben.context().close()
})

test('the log of the daemon is shown, and chosen from by level', async () => {
	await open('/system?part=log')
	const log = page.getByRole('log')
	await log.getByText('DOM manager initialised module=jobs').first().waitFor()
	await page.getByLabel('Level').selectOption('error')
	await page.getByText('Nothing of that.').waitFor()
})

test('signing in and a form go by the keyboard, in the order of what is seen', async () => {
	const keys = await house.page()
	await keys.goto(house.address + '/')
	await keys.getByLabel('User').waitFor()
	expect(await keys.evaluate(() => document.activeElement?.getAttribute('autocomplete'))).toBe('username')
	await keys.keyboard.type('ann')
	await keys.keyboard.press('Tab')
	await keys.keyboard.type(password)
	await keys.keyboard.press('Enter')
	await heading('Overview', keys)

	await open(`/instances/jobs/new/${data.job.Id}`, keys)
	await heading('New Job', keys)
	await keys.getByLabel('Title').focus()
	const order: string[] = []
	for (let i = 0; i < 24; i++) {
		const name = await keys.evaluate(() => {
			const active = document.activeElement as HTMLInputElement | null
			return (active?.labels?.[0]?.textContent ?? active?.getAttribute('aria-label') ?? '').replace('*', '').trim()
		})
		if (name && name !== order.at(-1)) order.push(name)
		await keys.keyboard.press('Tab')
	}
	const fields = ['Title', 'Amount', 'Priority', 'Start', 'Effort', 'For', 'Notes']
	expect(order.filter((name) => fields.includes(name))).toEqual(fields)
	await keys.context().close()
})

function pages(): string[] {
	return [
		'/', '/modules', '/modules/jobs', '/modules/jobs/settings', `/modules/jobs/sections/${data.sections.job.Id}`, `/modules/jobs/definitions/${data.job.Id}`,
		`/modules/jobs/behaviors/${data.behavior.Id}`, '/instances', `/instances/jobs/of/${data.job.Id}`, `/instances/jobs/${data.jobs[4].Id}`, '/scripts', '/scripts/rename',
		'/scripts/rename?part=versions', '/runs', `/runs/${run}`, `/runs/${run}?part=changes`, '/schedules', `/schedules/${schedule}`, '/triggers', `/triggers/${trigger}`,
		'/scripts/new/script', '/scripts/rename?part=references', '/scripts/rename?part=rights', '/scripts/rename?part=memory', '/schedules/new', '/triggers/new', `/modules/jobs/sections/new`, '/import',
		'/apis', '/apis?part=tokens', '/apis/new', `/apis/${api}`, `/apis/${api}?part=try`, '/webhooks', '/webhooks/new', `/webhooks/${webhook}`, '/plugins', '/secrets',
		'/security', '/security?part=modules&module=jobs', '/security?part=tokens', '/system', '/system?part=metrics', '/system?part=events', '/system?part=log', '/system?part=audit',
		'/system?part=backups', '/account',
	]
}

const controls = new Set(['button', 'link', 'textbox', 'searchbox', 'combobox', 'checkbox', 'radio', 'spinbutton', 'slider', 'switch', 'tab', 'menuitem', 'grid', 'listbox', 'dialog', 'DateTime', 'Date'])

test.each([1280, 390])('every control has a name, and every page fits, at a width of %i', async (width) => {
	const eye = await house.signedIn('ann', width, 844)
	const cdp = await eye.context().newCDPSession(eye)
	const nameless: string[] = []
	for (const path of pages()) {
		await open(path, eye)
		await eye.getByRole('heading', { level: 1 }).waitFor()
		await expect.poll(() => eye.locator('.loading').count()).toBe(0)
		const { nodes } = await cdp.send('Accessibility.getFullAXTree')
		for (const node of nodes) {
			if (!node.ignored && controls.has(String(node.role?.value)) && !String(node.name?.value ?? '').trim()) nameless.push(`${path}: ${node.role?.value} ${JSON.stringify(node.value?.value ?? '')}`)
		}
		const wide = await eye.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth + document.querySelector('main')!.scrollWidth - document.querySelector('main')!.clientWidth)
		if (wide) nameless.push(`${path} is ${wide} pixels too wide`)
	}
	expect(nameless).toEqual([])
	await eye.context().close()
})

test('what nobody has touched is not to be saved', async () => {
	for (const path of ['/modules/jobs/settings', `/modules/jobs/sections/${data.sections.job.Id}`, `/modules/jobs/definitions/${data.job.Id}`, `/modules/jobs/behaviors/${data.behavior.Id}`, `/schedules/${schedule}`, `/triggers/${trigger}`, `/instances/jobs/${data.jobs[4].Id}`]) {
		await open(path)
		await page.getByRole('button', { name: 'Save', exact: true }).waitFor()
		expect(await page.getByRole('button', { name: 'Save', exact: true }).isDisabled(), path).toBe(true)
	}
})

// Pictures to look at: only where somebody says into which folder.
test.runIf(process.env.CONSOLE_PICTURES)('pictures of all pages', { timeout: 600_000 }, async () => {
	const folder = process.env.CONSOLE_PICTURES!
	await mkdir(folder, { recursive: true })
	for (const [width, scheme] of [[1280, 'light'], [390, 'dark'], [1280, 'dark'], [390, 'light']] as const) {
		const eye = await house.signedIn('ann', width, 900, scheme)
		for (const path of pages()) {
			await open(path, eye)
			await eye.getByRole('heading', { level: 1 }).waitFor()
			await eye.waitForTimeout(500)
			const name = path.replace(/[0-9a-f-]{36}/, 'id').replace(/[/?=&]/g, '_')
			await eye.screenshot({ path: `${folder}/${width}-${scheme}-${name}.png` })
		}
		for (const [path, button] of [['/secrets', 'New secret'], ['/security', 'New user'], ['/security', 'New group'], ['/security?part=tokens', 'New token'], ['/apis?part=tokens', 'New token'], ['/modules', 'New module']]) {
			await open(path, eye)
			await eye.getByRole('button', { name: button }).click()
			await eye.getByRole('dialog').waitFor()
			await eye.screenshot({ path: `${folder}/${width}-${scheme}-dialog${path.replace(/[/?=]/g, '_')}-${button.replace(' ', '_')}.png` })
		}
		await eye.context().close()
	}
})
