// The text format of Prometheus, as far as the daemon writes it.

export interface Sample {
	name: string
	labels: string
	value: number
	help: string
	kind: string
}

/** The samples of a text; buckets of histograms are left out. */
export function samples(text: string): Sample[] {
	const help = new Map<string, string>()
	const kinds = new Map<string, string>()
	const list: Sample[] = []
	for (const line of text.split('\n')) {
		const about = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line)
		if (about) (about[1] === 'HELP' ? help : kinds).set(about[2], about[3])
		const found = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})? (\S+)/.exec(line)
		if (!found || found[1].endsWith('_bucket')) continue
		const family = kinds.has(found[1]) ? found[1] : found[1].replace(/_(sum|count)$/, '')
		list.push({ name: found[1], labels: found[2] ?? '', value: Number(found[3].replace('+Inf', 'Infinity')), help: help.get(family) ?? '', kind: kinds.get(family) ?? '' })
	}
	return list
}
