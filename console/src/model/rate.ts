// Rates as people write them.

import { length, readLength } from '../kit/time'

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
	const per = readLength(/^\d/.test(found[2]) ? found[2] : '1' + found[2])
	const requests = Number(found[1])
	return per && per > 0 && requests > 0 && Number.isSafeInteger(requests) ? { Requests: requests, Per: per } : undefined
}

/** Writes a rate so that parseRate reads it. */
export function formatRate(rate: Rate | undefined): string {
	if (!rate?.Requests || !rate.Per) return ''
	const per = length(rate.Per)
	return rate.Requests + '/' + (/^1[a-z]+$/.test(per) ? per.slice(1) : per)
}
