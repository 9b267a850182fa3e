// The colours of texts on what they stand on, in both themes, by the measure of
// WCAG 2: at least 4.5 to 1.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const css = readFileSync(join(import.meta.dirname, 'app.css'), 'utf8')
const colours = new Map([...css.matchAll(/--([a-z-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)/g)].map(([, name, light, dark]) => [name, { light, dark }]))

function luminance(colour: string): number {
	const [r, g, b] = [1, 3, 5].map((at) => {
		const c = parseInt(colour.slice(at, at + 2), 16) / 255
		return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4
	})
	return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

function contrast(a: string, b: string): number {
	const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y)
	return (high + 0.05) / (low + 0.05)
}

const grounds = ['ground', 'surface', 'raised', 'sunken', 'hover', 'selected']
const pairs = [
	...['text', 'muted', 'link', 'bad', 'warn', 'good', 'info'].flatMap((text) => grounds.map((ground) => [text, ground])),
	...['good', 'warn', 'bad', 'info'].map((tone) => [tone, tone + '-ground']),
	...['good', 'warn', 'bad', 'info'].map((tone) => ['text', tone + '-ground']),
	['on-accent', 'accent'],
	['accent-strong', 'selected'],
	['accent-strong', 'surface'],
]

test.each(['light', 'dark'] as const)('texts can be read in the %s theme', (theme) => {
	const poor = pairs.flatMap(([text, ground]) => {
		const ratio = contrast(colours.get(text)![theme], colours.get(ground)![theme])
		return ratio < 4.5 ? [`${text} on ${ground}: ${ratio.toFixed(2)}`] : []
	})
	expect(poor).toEqual([])
})

// What a control is told apart by needs 3 to 1.
test.each(['light', 'dark'] as const)('controls can be seen in the %s theme', (theme) => {
	for (const [line, ground] of [['line-strong', 'surface'], ['line-strong', 'ground'], ['accent', 'surface'], ['accent', 'ground']]) {
		expect(contrast(colours.get(line)![theme], colours.get(ground)![theme]), `${line} on ${ground}`).toBeGreaterThanOrEqual(3)
	}
})
