// Tables as files.

import type { Query } from '../daemon/messages'
import { page } from '../daemon/objects'
import type { InstanceColumn } from './columns'
import { plain, readable } from './value'

/** One line of a CSV file (RFC 4180). */
export function csvLine(cells: string[]): string {
	// A spreadsheet takes what begins like this for a formula.
	const guarded = cells.map((c) => (/^[=+\-@\t\r]/.test(c) && !/^-?\d+([.,]\d+)?$/.test(c) ? "'" + c : c))
	return guarded.map((c) => (/[",\n\r]/.test(c) ? '"' + c.replaceAll('"', '""') + '"' : c)).join(',') + '\r\n'
}

/** Reads what a query selects, page by page, into a CSV file. */
export async function exportCSV(
	module: string,
	query: Query,
	columns: InstanceColumn[],
	progress: (rows: number) => void,
	signal: AbortSignal,
): Promise<Blob> {
	const parts: string[] = ['\ufeff' + csvLine(columns.map((c) => c.label))]
	let cursor = ''
	let rows = 0
	do {
		const got = await page('DomInstance', module, query, columns.map((c) => c.exposer), 2000, cursor, signal)
		for (const row of got.rows) {
			parts.push(
				csvLine(columns.map((c, i) => (row.Values?.[i] ?? []).map((v) => (c.field?.GenericEnum ? readable(v, c.field) : plain(v))).join('; '))),
			)
		}
		rows += got.rows.length
		progress(rows)
		cursor = got.cursor
	} while (cursor)
	return new Blob(parts, { type: 'text/csv;charset=utf-8' })
}

/** Has the browser store a file. */
export function download(name: string, content: Blob): void {
	const link = document.createElement('a')
	link.href = URL.createObjectURL(content)
	link.download = name
	link.click()
	setTimeout(() => URL.revokeObjectURL(link.href), 60_000)
}
