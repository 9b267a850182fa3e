// What happens between people, and what holds on every page.

import { mkdir } from 'node:fs/promises'
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
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

test('typing goes on while others change the model', async () => {
	const own = await house.signedIn('ann')
	await open(`/instances/jobs/new/${data.customer.Id}`, own)
	await own.getByLabel('Company').focus()
	await own.keyboard.type('Ini')
	const section = structuredClone(data.sections.customer)
	section.FieldDescriptors![0].Tooltip = 'As it stands in the register'
	await house.send('ManagerStoreUpdateRequest', { ModuleId: 'jobs', Kind: 'SectionDefinition', Object: section })
	await own.getByText('As it stands in the register').waitFor()
	await own.keyboard.type('tech')
	expect(await own.getByLabel('Company').inputValue()).toBe('Initech')
	await own.getByRole('button', { name: 'Create' }).click()
	await heading('Initech', own)
	await own.context().close()
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
		await eye.context().close()
	}
})
