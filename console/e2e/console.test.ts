import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { House, password } from './house'

let house: House

beforeAll(async () => {
	house = await House.open()
	await house.send('CreateUserMessage', { Name: 'ann', Password: password, Groups: ['Administrators'] })
})
afterAll(() => house?.close())
afterEach(() => expect(house.problems.splice(0)).toEqual([]))

test('a wrong password is said where it was typed, and the right one signs in', async () => {
	const page = await house.page()
	house.expected.push(/401/)
	await page.goto(house.address + '/')
	await page.getByLabel('User').fill('ann')
	await page.getByLabel('Password').fill('wrong')
	await page.keyboard.press('Enter')
	await page.getByRole('alert').waitFor()
	expect(await page.getByLabel('User').inputValue()).toBe('ann')
	await page.getByLabel('Password').fill(password)
	await page.keyboard.press('Enter')
	await page.getByRole('heading', { name: 'Overview' }).waitFor()
	expect(new URL(page.url()).pathname).toBe('/console/')
	await page.getByRole('link', { name: 'ann' }).click()
	await page.getByText('SystemAdministration').waitFor()
	await page.getByRole('button', { name: 'Sign out' }).first().click()
	await page.getByLabel('Password').waitFor()
	await page.context().close()
})
