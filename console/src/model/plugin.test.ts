import { expect, test } from 'vitest'
import type { PluginProcess, Run } from '../daemon/messages'
import { healthOf } from './plugin'

test('the worst there is to say of a plugin comes first', () => {
	const process = (State: PluginProcess['State']) => ({ Script: 'p', ScriptVersion: 1, RunsAs: 'ann', State }) as PluginProcess
	const run = (State: Run['State']) => ({ State }) as Run
	expect(healthOf({}, [], undefined).tone).toBe('plain')
	expect(healthOf({}, [], run('succeeded')).word).toBe('ready')
	expect(healthOf({}, [process('running')], run('succeeded')).word).toBe('running')
	expect(healthOf({}, [process('running')], run('failed')).tone).toBe('bad')
	expect(healthOf({}, [process('waiting'), process('running')], run('succeeded')).word).toBe('its process died')
	expect(healthOf({ Disabled: true }, [process('waiting')], run('failed')).word).toBe('disabled')
})
