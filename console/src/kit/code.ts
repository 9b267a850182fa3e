// What code looks like: in the colours of the page, whose custom properties reach
// into the editor.

import { HighlightStyle } from '@codemirror/language'
import { EditorView } from '@codemirror/view'
import { tags } from '@lezer/highlight'

export const look = EditorView.theme({
	'&': { color: 'var(--text)', backgroundColor: 'var(--surface)', fontSize: '13px', flex: '1' },
	'&.cm-focused': { outline: 'none' },
	'.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '20px' },
	'.cm-content': { caretColor: 'var(--accent)' },
	'.cm-cursor, .cm-dropCursor': { borderLeftColor: 'var(--accent)' },
	'&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': { background: 'var(--selected)' },
	'.cm-gutters': { backgroundColor: 'var(--ground)', color: 'var(--muted)', borderRight: '1px solid var(--line)' },
	'.cm-activeLine': { backgroundColor: 'color-mix(in srgb, var(--hover) 60%, transparent)' },
	'.cm-activeLineGutter': { backgroundColor: 'var(--hover)' },
	'.cm-matchingBracket, &.cm-focused .cm-matchingBracket': { backgroundColor: 'var(--selected)' },
	'.cm-panels, .cm-tooltip': { backgroundColor: 'var(--raised)', color: 'var(--text)', borderColor: 'var(--line)' },
	'.cm-tooltip-autocomplete ul li[aria-selected]': { backgroundColor: 'var(--selected)', color: 'var(--text)' },
	'.cm-diagnostic': { fontFamily: 'var(--sans)' },
	'.cm-changedLine': { backgroundColor: 'var(--good-ground) !important' },
	'.cm-deletedChunk': { backgroundColor: 'var(--bad-ground) !important' },
	'.cm-collapsedLines': { color: 'var(--muted)', background: 'var(--sunken)' },
})

export const colours = HighlightStyle.define([
	{ tag: [tags.keyword, tags.modifier], color: 'var(--accent-strong)', fontWeight: '600' },
	{ tag: [tags.string, tags.special(tags.string), tags.character], color: 'var(--good)' },
	{ tag: [tags.number, tags.bool, tags.null], color: 'var(--info)' },
	{ tag: [tags.comment], color: 'var(--muted)', fontStyle: 'italic' },
	{ tag: [tags.typeName, tags.propertyName], color: 'var(--info)' },
	{ tag: [tags.function(tags.variableName), tags.definition(tags.variableName)], color: 'var(--warn)' },
	{ tag: tags.invalid, color: 'var(--bad)' },
])
