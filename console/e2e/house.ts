// A daemon on new data and a browser, for the tests of the console as a person
// uses it.

import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core'
import type { Answers, Messages } from '../src/daemon/messages'

const program = join(import.meta.dirname, '../../bin/domovoi')

/** The browser's flags: nothing that goes anywhere but to the daemon. */
const flags = [
	'--no-sandbox',
	'--disable-gpu',
	'--disable-quic',
	'--no-first-run',
	'--disable-background-networking',
	'--disable-component-update',
	'--disable-sync',
]

export const password = 'correct horse battery staple'

export class House {
	/** What went wrong in any page: errors on the console, failed requests. */
	readonly problems: string[] = []
	/** Parts of addresses whose failures a test expects. */
	readonly expected: RegExp[] = []

	private constructor(
		readonly address: string,
		private readonly token: string,
		private readonly daemon: ChildProcess,
		private readonly browser: Browser,
		/** What to remove in the end. */
		private readonly folder: string | undefined,
	) {}

	/** A house on new data, or on a data directory that there is. */
	static async open(existing?: string): Promise<House> {
		const folder = existing ? undefined : await mkdtemp(join(tmpdir(), 'domovoi-console-'))
		const data = existing ?? join(folder!, 'data')
		const daemon = spawn(program, ['serve', '--data-dir', data, '--address', '127.0.0.1:0', '--spares', '0'], { stdio: ['ignore', 'pipe', 'inherit'] })
		const address = await new Promise<string>((resolve, reject) => {
			let text = ''
			daemon.stdout!.on('data', (chunk) => {
				text += chunk
				const found = /listening on (http:\S+)/.exec(text)
				if (found) resolve(found[1])
			})
			daemon.on('exit', (code) => reject(new Error(`the daemon has ended with ${code}: ${text}`)))
			daemon.on('error', reject)
		})
		const token = (await readFile(join(data, 'administrator.token'), 'utf8')).trim()
		const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: flags, headless: true })
		return new House(address, token, daemon, browser, folder)
	}

	async close(): Promise<void> {
		await this.browser.close()
		const ended = new Promise((resolve) => this.daemon.once('exit', resolve))
		this.daemon.kill('SIGTERM')
		await ended
		if (this.folder) await rm(this.folder, { recursive: true })
	}

	/** Sends a message as the Administrator, past the console. */
	async send<K extends keyof Answers>(type: K, message: K extends keyof Messages ? Partial<Messages[K]> : never): Promise<Answers[K]> {
		const response = await fetch(this.address + '/slnet', {
			method: 'POST',
			headers: { 'Content-Type': 'application/json', Authorization: 'Bearer ' + this.token },
			body: JSON.stringify([{ type, message }]),
		})
		const reply = (await response.json()) as { error?: { Message: string }; responses: { message: any }[] }
		const trace = reply.responses?.[0]?.message?.TraceData?.ErrorData
		if (reply.error || trace?.length) throw new Error(`${type}: ${JSON.stringify(reply.error ?? trace)}`)
		return reply.responses[0].message
	}

	/** A page of a new person's browser. */
	async page(width = 1280, height = 800, scheme: 'light' | 'dark' = 'light'): Promise<Page> {
		const context: BrowserContext = await this.browser.newContext({ viewport: { width, height }, colorScheme: scheme, locale: 'en-GB', timezoneId: 'UTC' })
		context.setDefaultTimeout(15_000)
		const page = await context.newPage()
		const note = (problem: string) => {
			if (!this.expected.some((e) => e.test(problem))) this.problems.push(problem)
		}
		page.on('console', (message) => {
			if (message.type() === 'error' || message.type() === 'warning') note(`console: ${message.text()} (${message.location().url})`)
		})
		page.on('pageerror', (error) => note(`error: ${error.stack ?? error.message}`))
		page.on('requestfailed', (request) => {
			// A question that nobody waits for any more, and the stream of a page that goes.
			if (request.failure()?.errorText !== 'net::ERR_ABORTED') note(`request: ${request.url()} ${request.failure()?.errorText}`)
		})
		page.on('response', (response) => {
			if (response.status() >= 400) note(`response: ${response.url()} ${response.status()}`)
		})
		return page
	}

	/** A page of somebody who has signed in by hand. */
	async signedIn(user: string, width?: number, height?: number, scheme?: 'light' | 'dark'): Promise<Page> {
		const page = await this.page(width, height, scheme)
		await page.goto(this.address + '/')
		await page.getByLabel('User').fill(user)
		await page.getByLabel('Password', { exact: true }).fill(password)
		await page.getByRole('button', { name: 'Sign in' }).click()
		await page.getByRole('heading', { name: 'Overview' }).waitFor()
		return page
	}
}
