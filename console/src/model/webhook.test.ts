import { expect, test } from 'vitest'
import type { Webhook, WebhookDelivery } from '../daemon/messages'
import { deliveryState, newSecret, webhookProblems, webhookState } from './webhook'

const hook = { Id: 'w', Name: 'alarm', Url: 'https://example.com/hook', Events: ['run.failed'] } as Webhook

test('secrets are long enough and differ', () => {
	expect(newSecret()).toMatch(/^[0-9a-f]{64}$/)
	expect(newSecret()).not.toBe(newSecret())
})

test('a webhook says what it lacks', () => {
	expect(Object.values(webhookProblems(hook, newSecret(), true)).filter(Boolean)).toEqual([])
	expect(webhookProblems(hook, '', false).secret).toBeUndefined()
	expect(webhookProblems(hook, '', true).secret).toBeDefined()
	expect(webhookProblems(hook, 'short', false).secret).toContain('5')
	expect(webhookProblems({ Name: '', Url: 'ftp://x', Events: [] }, '', false)).toMatchObject({ name: expect.any(String), url: expect.any(String), events: expect.any(String) })
})

test('states are told apart', () => {
	expect(webhookState(hook).word).toBe('sends')
	expect(webhookState({ ...hook, Failures: 1 }).word).toBe('1 attempt has failed')
	expect(webhookState({ ...hook, Disabled: true }).tone).toBe('warn')
	expect(webhookState({ ...hook, Disabled: true, DisabledReason: 'too many' }).tone).toBe('bad')
	const d = { Id: 'd', Event: 'test', Time: '2026-01-01T00:00:00Z', Attempts: 1, Delivered: false } as WebhookDelivery
	expect(deliveryState(d).word).toBe('given up')
	expect(deliveryState({ ...d, NotBefore: '2026-01-01T00:00:10Z' }).word).toBe('tried again')
	expect(deliveryState({ ...d, Delivered: true }).tone).toBe('good')
})
