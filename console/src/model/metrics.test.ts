import { expect, test } from 'vitest'
import { samples } from './metrics'

test('samples have the help and the kind of their family', () => {
	const text = '# HELP runs_total Runs, by state.\n# TYPE runs_total counter\nruns_total{state="failed"} 3\n# HELP took_seconds How long.\n# TYPE took_seconds histogram\ntook_seconds_bucket{le="1"} 1\ntook_seconds_sum 0.5\ntook_seconds_count 2\n'
	expect(samples(text)).toEqual([
		{ name: 'runs_total', labels: 'state="failed"', value: 3, help: 'Runs, by state.', kind: 'counter' },
		{ name: 'took_seconds_sum', labels: '', value: 0.5, help: 'How long.', kind: 'histogram' },
		{ name: 'took_seconds_count', labels: '', value: 2, help: 'How long.', kind: 'histogram' },
	])
})
