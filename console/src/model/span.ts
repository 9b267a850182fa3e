// Lengths of time and rates as people write them, in nanoseconds to the daemon.

const units: Record<string, number> = { ms: 1e6, s: 1e9, m: 60e9, h: 3600e9, d: 86_400e9 }

/** Reads 90s, 1m30s or 2d; undefined where it is none. Nothing typed is 0. */
export function parseSpan(text: string): number | undefined {
	const compact = text.replaceAll(/\s/g, '').toLowerCase()
	if (compact === '' || compact === '0') return 0
	if (!/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(compact)) return undefined
	let sum = 0
	for (const [, n, unit] of compact.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)) sum += Number(n) * units[unit]
	return Number.isSafeInteger(Math.round(sum)) ? Math.round(sum) : undefined
}

/** Writes a length of time so that parseSpan reads it; 0 is empty. */
export function formatSpan(nanoseconds = 0): string {
	let left = nanoseconds
	let text = ''
	for (const [unit, size] of Object.entries(units).sort((a, b) => b[1] - a[1])) {
		const n = unit === 'ms' ? left / size : Math.floor(left / size)
		if (n > 0) text += n + unit
		left -= Math.floor(n) * size
	}
	return text
}

export interface Rate {
	Requests?: number
	Per?: number
}

/** Reads 100/m, or 5/10s; undefined where it is none. Nothing typed does not limit. */
export function parseRate(text: string): Rate | undefined {
	const compact = text.replaceAll(/\s/g, '')
	if (compact === '') return {}
	const found = /^(\d+)\/(.+)$/.exec(compact)
	if (!found) return undefined
	const per = parseSpan(/^\d/.test(found[2]) ? found[2] : '1' + found[2])
	const requests = Number(found[1])
	return per && requests > 0 && Number.isSafeInteger(requests) ? { Requests: requests, Per: per } : undefined
}

/** Writes a rate so that parseRate reads it. */
export function formatRate(rate: Rate | undefined): string {
	if (!rate?.Requests || !rate.Per) return ''
	const per = formatSpan(rate.Per)
	return rate.Requests + '/' + (/^1[a-z]+$/.test(per) ? per.slice(1) : per)
}
