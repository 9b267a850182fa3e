// What all forms have.

/** Handles Ctrl-S, or Cmd-S, as saving. */
export function onSave(save: () => void): (event: KeyboardEvent) => void {
	return (event) => {
		if (!(event.ctrlKey || event.metaKey) || event.key !== 's') return
		event.preventDefault()
		save()
	}
}

/** Goes to the first input whose text cannot be read, and reports whether there is one. */
export function goToUnread(form: HTMLFormElement | undefined): boolean {
	const input = [...(form?.elements ?? [])].find((e): e is HTMLInputElement => e instanceof HTMLInputElement && e.validity.customError)
	input?.focus()
	input?.blur()
	input?.focus()
	return !!input
}
