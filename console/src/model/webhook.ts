// Webhooks and what becomes of their deliveries.

import type { Webhook, WebhookDelivery } from '../daemon/messages'
import type { Tone } from '../kit/Badge.svelte'

export const webhookEvents = [
	['run.succeeded', 'a run has succeeded'],
	['run.failed', 'a run has failed, timed out or was lost'],
	['run.cancelled', 'a run was cancelled'],
	['information', 'there is an information event'],
] as const

/** A new secret: 32 random bytes in hexadecimal digits. */
export function newSecret(): string {
	return [...crypto.getRandomValues(new Uint8Array(32))].map((b) => b.toString(16).padStart(2, '0')).join('')
}

/** The state of a webhook in a word. */
export function webhookState(w: Webhook): { tone: Tone; word: string } {
	if (w.Disabled) return w.DisabledReason ? { tone: 'bad', word: 'disabled by the daemon' } : { tone: 'warn', word: 'disabled' }
	if (w.Failures) return { tone: 'warn', word: `${w.Failures} ${w.Failures === 1 ? 'attempt has' : 'attempts have'} failed` }
	return { tone: 'good', word: 'sends' }
}

/** What became of a delivery. */
export function deliveryState(d: WebhookDelivery): { tone: Tone; word: string } {
	if (d.Delivered) return { tone: 'good', word: 'delivered' }
	if (!d.NotBefore) return { tone: 'bad', word: 'given up' }
	return d.Attempts ? { tone: 'warn', word: 'tried again' } : { tone: 'info', word: 'waits' }
}

/** What is wrong with a webhook, by field. secret is what is typed: empty keeps that of one that exists. */
export function webhookProblems(w: Pick<Webhook, 'Name' | 'Url' | 'Events'>, secret: string, isNew: boolean): { name?: string; url?: string; events?: string; secret?: string } {
	const size = new TextEncoder().encode(secret).length
	return {
		name: w.Name.trim() ? undefined : 'It needs a name.',
		url: /^https?:\/\/[^/\s]+/i.test(w.Url) ? undefined : 'Write an address that begins with https:// or http://.',
		events: w.Events?.length ? undefined : 'Choose at least one.',
		secret: (isNew || secret) && (size < 16 || size > 200) ? `A secret has 16 to 200 bytes, this one has ${size}.` : undefined,
	}
}
