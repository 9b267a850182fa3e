// Scripts, runs, schedules and the pages of who looks after the daemon.

import { mkdir } from 'node:fs/promises'
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { House, password } from './house'

let house: House
let page: Page

const source = (body: string) => `// Counts for whoever looks on.
package main

import (
	"context"

	"domovoi.dev/sdk"
)

type Input struct {
	Times int \`json:"times"\`
}

func Run(ctx context.Context, engine *sdk.Engine, input Input) error {
	for i := range input.Times {
		engine.Log.Info("counting", "to", i+1)
	}
	${body}
}
`

beforeAll(async () => {
	house = await House.open()
	await house.send('CreateUserMessage', { Name: 'ann', Password: password, Groups: ['Administrators'] })
	await house.send('DeployScriptMessage', { Name: 'count', Files: [{ Name: 'script.go', Content: source('return nil') }] })
	await house.send('DeployScriptMessage', { Name: 'count', Files: [{ Name: 'script.go', Content: source('engine.Log.Warn("done")\n\treturn nil') }] })
	page = await house.signedIn('ann')
})
afterAll(() => house?.close())
afterEach(() => expect(house.problems.splice(0)).toEqual([]))

const open = (path: string, on = page) => on.goto(house.address + '/console' + path)
const heading = (name: string | RegExp, on = page) => on.getByRole('heading', { level: 1, name }).waitFor()

test('a script is run from its form, and its log is seen as it is written', async () => {
	await open('/scripts')
	await page.getByRole('link', { name: 'count' }).click()
	await heading('count')
	await page.getByLabel('times').fill('x')
	await page.getByRole('button', { name: 'Run', exact: true }).click()
	await page.getByText('It is no number.').waitFor()
	await page.getByLabel('times').fill('3')
	await page.getByRole('button', { name: 'Run', exact: true }).click()
	await page.getByRole('log').getByText('to=3').waitFor()
	await page.getByText('succeeded').waitFor()
	await page.getByRole('link', { name: 'the whole run' }).click()
	await page.getByRole('log').getByText('done').waitFor()
	await page.getByRole('button', { name: 'Run again' }).click()
	await page.getByText('repeats run').waitFor()
	await page.getByRole('log').getByText('to=3').waitFor()
	await open('/runs?script=count')
	await page.getByRole('grid', { name: 'Runs' }).getByText('succeeded').nth(1).waitFor()
})

test('mistakes are shown while a script is typed, and nothing of it is stored', async () => {
	await open('/scripts/new/script')
	await heading('New script')
	await page.getByLabel('Name').fill('draft')
	const editor = page.getByRole('textbox', { name: 'Source of script.go' })
	await editor.click()
	await page.keyboard.press('Control+End')
	await page.keyboard.type('var x int = "text"')
	await page.getByRole('list', { name: 'Mistakes' }).getByText(/script\.go:/).first().waitFor()
	const { Scripts: scripts } = await house.send('GetScriptsMessage', {})
	expect(scripts!.map((s) => s.Name)).toEqual(['count'])
	await page.getByRole('link', { name: 'Scripts' }).first().click()
	await page.getByRole('button', { name: 'Leave' }).click()
	await heading('Scripts')
})

test('an old version is compared and restored', async () => {
	await open('/scripts/count?part=versions')
	await page.getByRole('button', { name: 'Compare' }).click()
	await page.getByRole('heading', { name: 'Version 1 → 2' }).waitFor()
	await page.getByRole('button', { name: 'Restore' }).click()
	await page.getByRole('dialog').getByRole('button', { name: 'Restore' }).click()
	await page.getByText('as version 1').waitFor()
})

test('a schedule shows when it would be due before it is made', async () => {
	await open('/schedules/new?script=count')
	await heading('New schedule')
	await page.getByLabel('Name').fill('nightly')
	house.expected.push(/\b400\b/)
	await page.getByLabel('Cron expression').fill('30 25 * * *')
	await page.getByRole('alert').or(page.locator('.error')).first().waitFor()
	await page.getByLabel('Cron expression').fill('30 2 * * *')
	await page.getByRole('heading', { name: 'every day at 02:30' }).waitFor()
	house.expected.pop()
	await page.getByLabel('Input').fill('{"times": 1}')
	await page.getByRole('button', { name: 'Create' }).click()
	await heading('nightly')
	await page.getByRole('button', { name: 'Run now' }).click()
	await page.getByRole('region', { name: 'Latest runs' }).getByRole('link').nth(1).waitFor()
})

test('the pages of the daemon say how it does', async () => {
	for (const [path, text] of [['/system', 'Read amplification'], ['/system?part=metrics', 'What it is'], ['/system?part=events', /Nothing worth|What/], ['/system?part=audit', 'DeployScriptMessage'], ['/system?part=backups', /backups/], ['/triggers', 'There are no triggers']] as const) {
		await open(path)
		await page.getByText(text).first().waitFor()
	}
})

// Pictures to look at: only where somebody says into which folder.
test.runIf(process.env.CONSOLE_PICTURES)('pictures', async () => {
	const folder = process.env.CONSOLE_PICTURES!
	await mkdir(folder, { recursive: true })
	const { Runs: runs } = await house.send('GetRunsMessage', {})
	for (const [width, scheme] of [[1280, 'light'], [1280, 'dark'], [390, 'light'], [390, 'dark']] as const) {
		const eye = await house.signedIn('ann', width, 800, scheme)
		for (const path of ['/scripts', '/scripts/count', '/runs', `/runs/${runs![0].Id}`, '/schedules/new?script=count', '/triggers/new', '/security', '/system']) {
			await open(path, eye)
			await eye.waitForTimeout(900)
			await eye.screenshot({ path: `${folder}/${path.replace(/[/?=]/g, '_').slice(0, 24)}-${width}-${scheme}.png` })
		}
		await eye.context().close()
	}
})
