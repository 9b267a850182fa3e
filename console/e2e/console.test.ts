import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { House, password } from './house'
import { seed, type Seed } from './seed'

let house: House
let data: Seed
let page: Page

beforeAll(async () => {
	house = await House.open()
	await house.send('CreateUserMessage', { Name: 'ann', Password: password, Groups: ['Administrators'] })
	await house.send('CreateGroupMessage', { Group: { Name: 'readers', ReadOnly: true } })
	await house.send('CreateUserMessage', { Name: 'rea', Password: password, Groups: ['readers'] })
	data = await seed(house, 'jobs', 600)
	page = await house.signedIn('ann')
})
afterAll(() => house?.close())
afterEach(() => expect(house.problems.splice(0)).toEqual([]))

const open = (path: string, on = page) => on.goto(house.address + '/console' + path)
const heading = (name: string | RegExp, on = page) => on.getByRole('heading', { level: 1, name }).waitFor()
const job = (i: number) => `/instances/jobs/${data.jobs[i].Id}`

test('a wrong password is said where it was typed, and the right one signs in', async () => {
	const page = await house.page()
	house.expected.push(/\b401\b.*/)
	await page.goto(house.address + '/')
	await page.getByLabel('User').fill('ann')
	await page.getByLabel('Password', { exact: true }).fill('wrong')
	await page.keyboard.press('Enter')
	await page.getByRole('alert').waitFor()
	expect(await page.getByLabel('User').inputValue()).toBe('ann')
	await page.getByLabel('Password', { exact: true }).fill(password)
	await page.keyboard.press('Enter')
	await heading('Overview', page)
	expect(new URL(page.url()).pathname).toBe('/console/')
	await page.getByRole('link', { name: 'ann' }).click()
	await page.getByText('SystemAdministration').waitFor()
	await page.getByRole('button', { name: 'Sign out' }).first().click()
	await page.getByLabel('Password', { exact: true }).waitFor()
	await page.context().close()
	house.expected.pop()
})

test('a module, a section, a definition and an instance are made by hand', async () => {
	await open('/modules')
	await page.getByRole('button', { name: 'New module' }).click()
	await page.getByLabel('Module id').fill('Not Allowed')
	await page.getByRole('button', { name: 'Create' }).click()
	await page.getByRole('dialog').getByText(/Not Allowed/).waitFor()
	expect(await page.getByLabel('Module id').inputValue()).toBe('Not Allowed')
	await page.getByLabel('Module id').fill('people')
	await page.getByRole('button', { name: 'Create' }).click()
	await heading('people')

	await page.getByRole('button', { name: 'New', exact: true }).click()
	await page.getByRole('menuitem', { name: 'Section' }).click()
	await page.getByLabel('Name').fill('Person')
	await page.getByRole('button', { name: 'Field', exact: true }).click()
	await page.getByLabel('Name of the field').fill('Full name')
	await page.getByLabel('optional').uncheck()
	await page.getByRole('button', { name: 'Create' }).click()
	await heading('Person')

	await page.getByRole('button', { name: 'New', exact: true }).click()
	await page.getByRole('menuitem', { name: 'Definition' }).click()
	await page.getByLabel('Name', { exact: false }).first().fill('Employee')
	await page.getByLabel('Section to link').selectOption({ label: 'Person' })
	await page.getByRole('button', { name: 'Create' }).click()
	await heading('Employee')

	await page.getByRole('link', { name: 'Instances', exact: true }).first().click()
	await page.getByRole('main').getByRole('link', { name: 'Employee' }).click()
	await page.getByRole('link', { name: 'New' }).first().click()
	await page.getByRole('button', { name: 'Create' }).click()
	await page.getByText('A value is required here.').waitFor()
	await page.getByLabel('Full name').fill('Ann Archer')
	await page.getByRole('button', { name: 'Create' }).click()
	await page.getByText('created it').waitFor()
	expect(await page.getByLabel('Full name').inputValue()).toBe('Ann Archer')
})

test('an instance goes through its life cycle, and says at the field what is missing', async () => {
	await open(`/instances/jobs/new/${data.job.Id}`)
	await heading('New Job')
	await page.getByLabel('Title').fill('Fix the roof')
	await page.getByRole('button', { name: 'Create' }).click()
	await heading('Fix the roof')
	await page.getByRole('button', { name: 'Planned' }).click()
	await page.getByText('The next status requires a value here.').first().waitFor()
	expect(await page.getByLabel('Amount').getAttribute('aria-invalid')).toBe('true')
	await page.getByLabel('Amount').fill('a lot')
	await page.getByText('Not a number').waitFor()
	await page.getByLabel('Amount').fill('120')
	await page.getByLabel('Start').fill('2024-05-01T10:20')
	await page.getByRole('combobox', { name: 'For' }).fill('glo')
	await page.getByRole('option', { name: 'Globex' }).click()
	await page.getByRole('button', { name: 'Planned' }).click()
	await page.getByRole('button', { name: 'Active' }).waitFor()
	expect(await page.getByLabel('Title').getAttribute('readonly')).not.toBeNull()
	const history = page.getByRole('list', { name: 'History' })
	await history.getByText('moved it').waitFor()
	await history.getByText('120').waitFor()
	await page.getByRole('link', { name: 'Globex' }).first().click()
	await heading('Globex')
})

test('what somebody else stores is seen at once, and nothing typed is lost', async () => {
	await open(job(0))
	await heading('Job 00001')
	await page.getByLabel('Notes').fill('mine')
	const [stored] = (await house.send('ManagerStoreReadRequest', {
		ModuleId: 'jobs',
		Kind: 'DomInstance',
		Query: { Filter: { Operator: 'compare', Exposer: { Name: 'Id', FieldId: '00000000-0000-0000-0000-000000000000' }, Comparer: '==', Value: { Guid: data.jobs[0].Id } } },
	})).Objects as never as typeof data.jobs
	stored.Sections![0].FieldValues![1].Value = { Double: 4711 }
	await house.send('ManagerStoreUpdateRequest', { ModuleId: 'jobs', Kind: 'DomInstance', Object: stored })
	await page.getByText('Administrator has changed this instance').waitFor()
	expect(await page.getByLabel('Amount').inputValue()).toBe('4711')
	expect(await page.getByLabel('Notes').inputValue()).toBe('mine')
	await page.getByRole('button', { name: 'Save' }).click()
	await page.getByText('Saved').waitFor()
	await page.getByRole('list', { name: 'History' }).getByText('mine').waitFor()
})

test('who leaves with something typed is asked', async () => {
	await open(job(0))
	await page.getByLabel('Notes').fill('half a thou')
	await page.getByRole('link', { name: 'Modules' }).click()
	await page.getByRole('button', { name: 'Cancel' }).click()
	expect(await page.getByLabel('Notes').inputValue()).toBe('half a thou')
	await page.getByRole('link', { name: 'Modules' }).click()
	await page.getByRole('button', { name: 'Leave' }).click()
	await heading('Modules')
})

test('a table is filtered, ordered and scrolled, and mistakes in a filter have their place', async () => {
	await open(`/instances/jobs/of/${data.job.Id}`)
	const grid = page.getByRole('grid')
	await grid.getByRole('link', { name: 'Fix the roof' }).waitFor()
	await page.getByRole('button', { name: 'Title' }).click()
	await grid.getByRole('link', { name: 'Job 00001' }).waitFor()
	await expect.poll(async () => {
		await grid.evaluate((e) => (e.scrollTop = e.scrollHeight))
		return grid.getByRole('link', { name: 'Job 00600' }).count()
	}).toBe(1)
	await grid.evaluate((e) => (e.scrollTop = 0))
	await grid.getByRole('link', { name: 'Job 00001' }).waitFor()

	const filter = page.getByLabel('Filter', { exact: true })
	await filter.fill('Amont > 100')
	await filter.press('Enter')
	await page.getByText('did you mean Amount?').waitFor()
	await filter.fill('Amount > 4000 and status = "draft"')
	await filter.press('Enter')
	await grid.getByRole('link', { name: 'Job 00001' }).waitFor()
	expect(await grid.getByRole('row').count()).toBe(2)
	await page.reload()
	await grid.getByRole('link', { name: 'Job 00001' }).waitFor()

	await page.getByRole('button', { name: 'Build' }).click()
	await page.getByLabel('Property').selectOption({ label: 'Priority' })
	await page.getByLabel('Value').selectOption('High')
	await page.getByRole('button', { name: 'Add to the filter' }).click()
	await page.getByText('Nothing fits the filter').waitFor()
	expect(await filter.inputValue()).toBe('Amount > 4000 and status = "draft" and Priority = "High"')
})

test('many are moved and deleted together, and the file has what the table has', async () => {
	await open(`/instances/jobs/of/${data.job.Id}?filter=${encodeURIComponent('Title < "Job 00009" and status = "draft"')}&sort=Name`)
	const grid = page.getByRole('grid')
	await grid.getByRole('link', { name: 'Job 00005' }).waitFor()
	const saved = page.waitForEvent('download')
	await page.getByRole('button', { name: 'CSV' }).click()
	const stream = await (await saved).createReadStream()
	let text = ''
	for await (const chunk of stream) text += chunk
	expect(text).toContain('Job 00005')
	expect(text.trim().split('\r\n')).toHaveLength(3)
	await page.getByLabel('Select row 2').check()
	await page.getByRole('button', { name: 'Delete' }).click()
	await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
	await page.getByText('1 done').waitFor()
	await expect.poll(() => grid.getByRole('link', { name: 'Job 00005' }).count()).toBe(0)
})

test('the palette finds pages, modules and instances by name and id', async () => {
	await open('/')
	await heading('Overview')
	for (const [typed, found] of [['glob', 'Globex'], [data.jobs[2].Id, 'Job 00003'], ['jobs', 'jobs'], ['account', 'Account']]) {
		await page.keyboard.press('Control+k')
		await page.getByRole('combobox', { name: 'Find a page' }).fill(typed)
		await page.getByRole('option', { name: found }).first().waitFor()
		await page.keyboard.press('Enter')
		await heading(found)
	}
})

test('who may only read sees no way to change anything', async () => {
	const reader = await house.signedIn('rea')
	await open(job(2), reader)
	await heading('Job 00003', reader)
	expect(await reader.getByRole('button', { name: 'Save' }).count()).toBe(0)
	expect(await reader.getByLabel('Notes').getAttribute('readonly')).not.toBeNull()
	await open('/modules/jobs', reader)
	await heading('jobs', reader)
	expect(await reader.getByRole('button', { name: 'New', exact: true }).count()).toBe(0)
	await reader.context().close()
})

test('all pages fit a telephone', async () => {
	const phone = await house.signedIn('ann', 390, 844, 'dark')
	for (const path of ['/', '/modules', '/modules/jobs', `/modules/jobs/behaviors/${data.behavior.Id}`, `/modules/jobs/sections/${data.sections.job.Id}`, '/instances', `/instances/jobs/of/${data.job.Id}`, job(2), '/account']) {
		await open(path, phone)
		await phone.getByRole('heading', { level: 1 }).waitFor()
		const wide = await phone.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth + document.querySelector('main')!.scrollWidth - document.querySelector('main')!.clientWidth)
		expect(wide, path).toBe(0)
	}
	await phone.context().close()
})
