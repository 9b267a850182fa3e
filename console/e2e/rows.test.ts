// Long lists: what is asked for and drawn does not grow with what there is. With
// CONSOLE_MILLION, a data directory that `domovoi bench load readings` has filled,
// the list has as many rows as that has, and what was measured is printed.

import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { House, password } from './house'
import { seed } from './seed'

const million = process.env.CONSOLE_MILLION

let house: House
let page: Page
let list: string
let rows: number

beforeAll(async () => {
	house = await House.open(million)
	await house.send('CreateUserMessage', { Name: 'rower', Password: password, Groups: ['Administrators'] })
	let module = 'readings'
	let definition: string
	if (million) {
		const all = { Filter: { Operator: 'true' } as never }
		definition = ((await house.send('ManagerStoreReadRequest', { ModuleId: module, Kind: 'DomDefinition', Query: all })).Objects![0] as never as { Id: string }).Id
		rows = (await house.send('ManagerStoreCountRequest', { ModuleId: module, Kind: 'DomInstance', Filter: all.Filter })).Count
	} else {
		rows = 3000
		module = 'jobs'
		definition = (await seed(house, module, rows)).job.Id
	}
	list = `${house.address}/console/instances/${module}/of/${definition}`
	page = await house.signedIn('rower')
}, 120_000)
afterAll(async () => {
	if (million) await house?.send('DeleteUserMessage', { Name: 'rower' })
	await house?.close()
})
afterEach(() => expect(house.problems.splice(0)).toEqual([]))

/** Scrolls a grid for some frames, each by so many pixels, and times the frames. */
async function scroll(by: number, frames: number): Promise<{ frames: number[]; top: number; drawn: number }> {
	return page.getByRole('grid').evaluate(
		(grid, [by, frames]) =>
			new Promise((resolve) => {
				const times: number[] = []
				let before = performance.now()
				let drawn = 0
				const step = (now: number) => {
					times.push(now - before)
					before = now
					drawn = Math.max(drawn, grid.querySelectorAll('[role=row]').length)
					grid.scrollTop += by
					if (times.length < frames) requestAnimationFrame(step)
					else resolve({ frames: times.slice(1), top: grid.scrollTop, drawn })
				}
				requestAnimationFrame(step)
			}),
		[by, frames] as const,
	)
}

const share = (list: number[], part: number) => list.toSorted((a, b) => a - b)[Math.floor((list.length - 1) * part)]

test('a long list asks for pages of what is seen, and draws only that', { timeout: 300_000 }, async () => {
	let requests = 0
	let received = 0
	page.on('response', async (response) => {
		if (!response.url().endsWith('/slnet')) return
		requests++
		received += (await response.body().catch(() => Buffer.alloc(0))).length
	})
	await page.goto(list)
	const grid = page.getByRole('grid')
	await grid.getByRole('link').first().waitFor()
	await page.getByText(new Intl.NumberFormat('en-GB').format(rows), { exact: true }).waitFor()
	const paint = await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0)
	const first = requests
	const bytes = received

	const down = await scroll(120, million ? 1200 : 200)
	const scrolled = requests - first
	expect(down.drawn).toBeLessThan(60)
	// A page has 200 rows of 34 pixels; a page more may be under way, and the number
	// of rows is asked for once.
	expect(scrolled).toBeLessThanOrEqual(Math.ceil(down.top / (200 * 34)) + 2)

	// The other end is the first page of the other order.
	const before = requests
	await page.getByRole('button', { name: million ? 'Value' : 'Title', exact: true }).click()
	await expect.poll(() => grid.getByRole('link').count()).toBeGreaterThan(5)
	await page.getByRole('button', { name: million ? 'Value' : 'Title', exact: true }).click()
	if (!million) await grid.getByRole('link', { name: 'Job 03000' }).waitFor()
	expect(requests - before).toBeLessThan(12)

	// The middle: what the list is ordered by, from a value on.
	if (!million) {
		const there = requests
		await page.getByRole('button', { name: 'Title', exact: true }).click()
		await page.getByLabel('From this Title on').fill('Job 01500')
		await page.keyboard.press('Enter')
		await grid.getByRole('link', { name: 'Job 01500' }).waitFor()
		expect(await grid.getByRole('link').first().innerText()).toBe('Job 01500')
		expect(requests - there).toBeLessThan(12)
	}
	if (million) {
		console.log(
			`${rows} rows: first paint after ${paint.toFixed(0)} ms, ${first} requests with ${bytes} bytes until the list was there; ` +
				`${down.frames.length} frames down to ${down.top} pixels with ${scrolled} requests, ${down.drawn} rows drawn at most, ` +
				`a frame took ${share(down.frames, 0.5).toFixed(1)} ms (half), ${share(down.frames, 0.95).toFixed(1)} ms (95 %), ${Math.max(...down.frames).toFixed(1)} ms (most)`,
		)
	}
})

test('the first page is small and soon there', async () => {
	const fresh = await house.page()
	await fresh.goto(house.address + '/')
	await fresh.getByLabel('User').waitFor()
	const sizes = await fresh.evaluate(() => [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')].map((e) => (e as PerformanceResourceTiming).encodedBodySize))
	const size = sizes.reduce((sum, s) => sum + s, 0)
	expect(size).toBeGreaterThan(10_000)
	expect(size).toBeLessThan(400 * 1024)
	if (million) console.log(`the first page is ${size} bytes, and painted after ${await fresh.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime)} ms`)
	await fresh.context().close()
})
