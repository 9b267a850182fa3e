// What reaches beyond the daemon: APIs, webhooks, plugins, secrets, modules as files;
// and what others see.

import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { House, password } from './house'
import { seed } from './seed'

let house: House
let page: Page
let receiver: Server

const echo = `// Says hello to whoever asks.
package main

import (
	"context"

	"domovoi.dev/sdk"
	"domovoi.dev/sdk/slnet"
)

func OnApiTrigger(ctx context.Context, engine *sdk.Engine, input slnet.ApiTriggerInput) (slnet.ApiTriggerOutput, error) {
	if err := engine.Memory().Set(ctx, "last", input.Route); err != nil {
		return slnet.ApiTriggerOutput{}, err
	}
	return slnet.ApiTriggerOutput{Body: []byte(\`{"hello":"\` + input.RouteValues["name"] + \`"}\`)}, nil
}
`

beforeAll(async () => {
	house = await House.open()
	await house.send('CreateUserMessage', { Name: 'ann', Password: password, Groups: ['Administrators'] })
	await house.send('CreateGroupMessage', { Group: { Name: 'crew' } })
	await house.send('DeployScriptMessage', { Name: 'echo', Files: [{ Name: 'script.go', Content: echo }] })
	await seed(house, 'jobs', 8)
	receiver = createServer((_, response) => response.writeHead(204).end())
	await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
	page = await house.signedIn('ann')
})
afterAll(async () => {
	receiver?.close()
	await house?.close()
})
afterEach(() => expect(house.problems.splice(0)).toEqual([]))

const open = (path: string, on = page) => on.goto(house.address + '/console' + path)
const heading = (name: string | RegExp, on = page) => on.getByRole('heading', { level: 1, name }).waitFor()

test('an API is made, tried out with a new token, and its run is found', async () => {
	await open('/apis')
	await page.getByText('There are no APIs').waitFor()
	await page.getByRole('link', { name: 'New API' }).click()
	await page.getByLabel('Name').fill('hello')
	await page.getByLabel('Route').fill('/hello/{name}')
	await page.getByRole('button', { name: 'Create' }).click()
	await page.getByText('It begins and ends without a slash.').waitFor()
	await page.getByText('Which script answers?').waitFor()
	await page.getByLabel('Route').fill('hello/{name}')
	await page.getByRole('combobox', { name: 'Script' }).fill('echo')
	await page.getByLabel('Requests of each token').fill('100/m')
	await page.getByRole('button', { name: 'Create' }).click()
	await heading('hello')
	await page.getByRole('link', { name: 'Tokens', exact: true }).click()
	await page.getByRole('button', { name: 'New token' }).click()
	await page.getByRole('dialog').getByLabel('Name').fill('shop')
	await page.getByRole('dialog').getByRole('button', { name: 'Create' }).click()
	const secret = await page.locator('code', { hasText: /^dma_/ }).innerText()
	await page.getByRole('link', { name: 'Try it out' }).click()
	await page.getByRole('button', { name: 'Send' }).click()
	await page.getByText('Requests need a token.').waitFor()
	await page.getByLabel('Token').fill(secret)
	await page.getByRole('textbox', { name: 'name', exact: true }).fill('Bob')
	await page.getByRole('button', { name: 'Send' }).click()
	const answer = page.getByRole('region', { name: 'Answer' })
	await answer.getByText('200').waitFor()
	await answer.getByText('"hello": "Bob"').waitFor()
	await page.getByRole('region', { name: 'Latest requests' }).getByText('hello/Bob').waitFor()
	await answer.getByRole('link', { name: 'the run' }).click()
	await page.getByText('succeeded').first().waitFor()
	await open('/scripts/echo?part=memory')
	await page.getByRole('cell', { name: 'hello/Bob' }).waitFor()
})

test('a token is disabled and revoked', async () => {
	await open('/apis?part=tokens')
	await page.getByRole('button', { name: 'Disable shop' }).click()
	await page.getByRole('button', { name: 'Enable shop' }).waitFor()
	await page.getByRole('button', { name: 'Revoke shop' }).click()
	await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click()
	await page.getByText('There are no API tokens').waitFor()
})

test('a webhook is made with a secret, and its test says what came back', async () => {
	await open('/webhooks/new')
	await page.getByLabel('Name').fill('alarm')
	await page.getByLabel('Address').fill(`http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`)
	await page.getByRole('button', { name: 'Make one' }).click()
	const secret = await page.getByLabel('Secret').inputValue()
	expect(secret).toMatch(/^[0-9a-f]{64}$/)
	await page.getByRole('button', { name: 'Create' }).click()
	await page.locator('code', { hasText: secret }).waitFor()
	await page.getByRole('button', { name: 'Hide' }).click()
	await page.getByRole('button', { name: 'Send a test' }).click()
	// The daemon sends to public addresses only.
	await page.getByText('The test was not delivered').waitFor()
	await page.getByRole('region', { name: 'Deliveries' }).getByText(/public/).first().waitFor()
	// A test is sent once, and is none of the deliveries that are kept.
	await page.getByText('Nothing has been sent yet').waitFor()
	expect(await page.content()).not.toContain(secret)
	await open('/webhooks')
	await page.getByRole('button', { name: 'Disable alarm' }).click()
	await page.getByRole('button', { name: 'Enable alarm' }).waitFor()
})

test('a secret is set, gets a new value, and is never shown', async () => {
	await open('/secrets')
	await page.getByRole('button', { name: 'New secret' }).click()
	const dialog = page.getByRole('dialog')
	await dialog.getByLabel('Name').fill('two words')
	await dialog.getByRole('button', { name: 'Save' }).click()
	await dialog.getByText('letters, digits, _ - and . only.').nth(1).waitFor()
	await dialog.getByLabel('Name').fill('smtp.password')
	await dialog.getByLabel('Value').fill('the first one')
	await dialog.getByLabel('Scripts that may read it').fill('echo\nmail*')
	await dialog.getByRole('button', { name: 'Save' }).click()
	await page.getByRole('cell', { name: 'echo, mail*' }).waitFor()
	await page.getByRole('button', { name: 'New value of smtp.password' }).click()
	await dialog.getByLabel('Value').fill('the second one')
	await dialog.getByRole('button', { name: 'Save' }).click()
	await dialog.waitFor({ state: 'hidden' })
	expect(await page.content()).not.toContain('the second one')
	await page.getByRole('cell', { name: 'echo, mail*' }).waitFor()
	await page.getByRole('button', { name: 'Delete smtp.password' }).click()
	await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
	await page.getByText('There are no secrets').waitFor()
})

test('a module is exported, and imported under another id after a plan', async () => {
	await open('/modules/jobs')
	await page.getByRole('button', { name: 'Export' }).click()
	await page.getByLabel('With the instances').check()
	const loading = page.waitForEvent('download')
	await page.getByRole('button', { name: 'Download' }).click()
	const file = await readFile(await (await loading).path())
	await open('/modules')
	await page.getByRole('link', { name: 'Import' }).click()
	await heading('Import modules')
	await page.getByLabel('Under another id').fill('copy')
	await page.getByLabel('Zip file').setInputFiles({ name: 'jobs.zip', mimeType: 'application/zip', buffer: file })
	await page.getByText('19 to create, 0 to update, 0 as they are').waitFor()
	expect((await house.send('ManagerStoreCountRequest', { ModuleId: '', Kind: 'ModuleSettings', Filter: { Operator: 'true' } as never })).Count).toBe(1)
	await page.getByRole('button', { name: 'Import', exact: true }).click()
	await page.getByText('19 created, 0 updated, 0 as they are').waitFor()
	await page.getByRole('link', { name: 'copy', exact: true }).click()
	await heading('copy')
	house.expected.push(/\b400\b/)
	await open('/import')
	await page.getByLabel('Zip file').setInputFiles({ name: 'no.zip', mimeType: 'application/zip', buffer: Buffer.from('no zip') })
	await page.getByText('want a zip file').waitFor()
	house.expected.pop()
})

test('what a group sees is told before its members see it', async () => {
	await open('/security?part=modules&module=jobs')
	await page.getByRole('combobox', { name: 'Access of crew to Customer' }).selectOption('read')
	await page.getByRole('button', { name: 'Save' }).click()
	await page.getByText('Saved, and in effect').waitFor()
	await page.getByLabel('Group or user').selectOption({ label: 'crew' })
	const table = page.getByRole('table', { name: 'What crew has access to' })
	await table.getByRole('row', { name: /Customer everything, read-only 4 of 4/ }).waitFor()
	await table.getByRole('row', { name: /Job nothing 0 of 8/ }).waitFor()
	await page.getByLabel('Group or user').selectOption({ label: 'ann' })
	await page.getByText('links do not count').waitFor()
})

test('there are no plugins, and the page says how they come', async () => {
	await open('/plugins')
	await page.getByText('domovoi plugin deploy').waitFor()
})

// Pictures to look at: only where somebody says into which folder.
test.runIf(process.env.CONSOLE_PICTURES)('pictures', async () => {
	const folder = process.env.CONSOLE_PICTURES!
	await mkdir(folder, { recursive: true })
	const api = (await house.send('GetApiDefinitionsMessage', {})).Definitions![0].Id
	const hook = (await house.send('GetWebhooksMessage', {})).Webhooks![0].Id
	await house.send('SetSecretMessage', { Name: 'smtp.password', Value: 'x', Scripts: ['echo'], SetScripts: true })
	await house.send('CreateApiTokenMessage', { Token: { Id: '00000000-0000-0000-0000-000000000000', Name: 'shop', User: 'ann', UserId: '00000000-0000-0000-0000-000000000000', Definitions: [api] } })
	const zip = join(tmpdir(), 'domovoi-pictures.zip')
	await writeFile(zip, Buffer.from((await house.send('ExportModuleMessage', { ModuleId: 'jobs' })).File!, 'base64'))
	for (const [width, scheme] of [[1280, 'light'], [1280, 'dark'], [390, 'light'], [390, 'dark']] as const) {
		const eye = await house.signedIn('ann', width, 800, scheme)
		for (const path of ['/apis', '/apis/' + api, `/apis/${api}?part=try`, '/apis?part=tokens', '/webhooks', '/webhooks/' + hook, '/secrets', '/plugins', '/import?module=another', '/security?part=modules&module=jobs', '/scripts/echo?part=memory']) {
			await open(path, eye)
			await eye.waitForTimeout(700)
			if (path.startsWith('/import')) {
				await eye.getByLabel('Zip file').setInputFiles(zip)
				await eye.getByText('to create').waitFor()
			}
			if (path.startsWith('/security')) {
				await eye.getByLabel('Group or user').selectOption({ label: 'crew' })
				await eye.getByRole('table', { name: /What crew/ }).scrollIntoViewIfNeeded()
			}
			await eye.screenshot({ path: `${folder}/${path.replace(/[/?=&]/g, '_').replace(/[0-9a-f-]{36}/, 'id').slice(0, 30)}-${width}-${scheme}.png` })
		}
		await eye.context().close()
	}
})
