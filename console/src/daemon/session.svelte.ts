// Who is signed in.

import { failure, post, RequestError, send, whenSignedOut } from './call'
import { forget } from './feed'
import { PermissionFlags, type Error as WireError, type PermissionFlag, type WhoAmIResponse } from './messages'

// The cookie cannot be seen from here. This says whether there may be one, so that
// a stranger's browser does not begin with a request that is refused.
const kept = 'domovoi.session'

function remember(signedIn: boolean): void {
	try {
		if (signedIn) localStorage.setItem(kept, '1')
		else localStorage.removeItem(kept)
	} catch {
		// A browser that keeps nothing signs in each time.
	}
}

function mayBeSignedIn(): boolean {
	try {
		return localStorage.getItem(kept) !== null
	} catch {
		return false
	}
}

class Session {
	/** Undefined until the daemon has said who the caller is; null for nobody. */
	who = $state<WhoAmIResponse | null | undefined>(undefined)
	/** The session ended under the hands of a person: what is typed stays on the page. */
	interrupted = $state(false)
	/** Why the daemon could not be asked. */
	problem = $state('')

	/** Asks the daemon who is calling. */
	async refresh(): Promise<void> {
		this.problem = ''
		if (!mayBeSignedIn()) {
			this.who = null
			return
		}
		try {
			this.who = await send('WhoAmIMessage', {})
		} catch (error) {
			if (error instanceof RequestError && error.kind === 'Unauthenticated') {
				remember(false)
				this.who = null
			}
			else this.problem = (error as Error).message
		}
	}

	/** Signs in. Throws the RequestError that says why not. */
	async signIn(user: string, password: string): Promise<void> {
		const reply = (await post('/login', { User: user, Password: password, Cookie: true })) as { error?: WireError }
		if (reply.error) throw failure(reply.error)
		remember(true)
		const before = this.who?.User.Id
		const who = await send('WhoAmIMessage', {})
		if (before && before !== who.User.Id) {
			// What is on the page belongs to somebody else.
			location.reload()
			return
		}
		this.who = who
		this.interrupted = false
	}

	async signOut(): Promise<void> {
		await post('/logout', {})
		remember(false)
		forget()
		this.interrupted = false
		this.who = null
	}

	has(permission: keyof typeof PermissionFlags): boolean {
		return this.who?.Permissions?.includes(PermissionFlags[permission]) ?? false
	}

	/** Whether somebody has what a setting asks for; nothing is asked for by 0 and none. */
	allows(permission: PermissionFlag | undefined): boolean {
		return !permission || (this.who?.Permissions?.includes(permission) ?? false)
	}

	get readOnly(): boolean {
		return this.who?.ReadOnly ?? false
	}
}

export const session = new Session()

whenSignedOut(() => {
	if (session.who) session.interrupted = true
	else if (session.who === undefined) session.who = null
})
