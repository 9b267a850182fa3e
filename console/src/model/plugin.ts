// How plugins do, told from their processes and their latest runs.

import type { PluginProcess, PluginState, Run, Script } from '../daemon/messages'
import type { Tone } from '../kit/Badge.svelte'
import { hasFailed } from './runs'

export const processTone: Record<PluginState, Tone> = { running: 'good', stopped: 'plain', waiting: 'warn' }

/** The state of a plugin in a word: the worst there is to say of it. */
export function healthOf(script: Pick<Script, 'Disabled'>, processes: PluginProcess[], last: Run | undefined): { tone: Tone; word: string } {
	if (script.Disabled) return { tone: 'warn', word: 'disabled' }
	if (processes.some((p) => p.State === 'waiting')) return { tone: 'bad', word: 'its process died' }
	if (last && hasFailed(last)) return { tone: 'bad', word: 'the last run failed' }
	if (processes.some((p) => p.State === 'running')) return { tone: 'good', word: 'running' }
	return last ? { tone: 'good', word: 'ready' } : { tone: 'plain', word: 'has not run yet' }
}
