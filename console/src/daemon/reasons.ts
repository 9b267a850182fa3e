import { ReasonTexts, type ErrorData } from './messages'

/**
 * What an error means, in words for people: the documentation of its reason in the SDK.
 * A reason the console does not know has its message.
 */
export function reasonText(error: ErrorData): string {
	return (ReasonTexts as Record<string, string | undefined>)[error.Reason] ?? error.Message ?? error.Reason
}
