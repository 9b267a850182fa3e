// Questions before something that cannot be taken back.

export interface Question {
	title: string
	text?: string
	/** What the button that does it says. */
	yes: string
	danger?: boolean
}

class Confirmation {
	question = $state<Question>()
	#answer: (yes: boolean) => void = () => {}

	ask(question: Question): Promise<boolean> {
		this.#answer(false)
		this.question = question
		return new Promise((resolve) => (this.#answer = resolve))
	}

	answer(yes: boolean): void {
		this.question = undefined
		this.#answer(yes)
		this.#answer = () => {}
	}
}

export const confirmation = new Confirmation()

/** Asks, and answers whether the person wants it. */
export function confirm(question: Question): Promise<boolean> {
	return confirmation.ask(question)
}
