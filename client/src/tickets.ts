import { attempt } from './attempt.ts'
import { ApiError } from './errors.ts'

/** What waits for the user to go on. Most of them need a code: of a mail, or of an authenticator app. */
export type Purpose = 'second-factor' | 'password-reset' | 'email-verification' | 'email-change'
/** `methods`: the second factors that the user has. `isLogin`: it finishes a login, not a renewal. */
export type Ticket = { ticket: string; expiresAt: string; methods?: string[]; isLogin?: boolean }

export type Tickets = ReturnType<typeof createTickets>
/** Keeps tickets in this tab until they expire. A phone may evict the page while its user reads a mail, so a reload keeps them too. */
export function createTickets(name: string, isBrowser: boolean) {
  const kept = new Map<Purpose, Ticket>()
  const keyOf = (purpose: Purpose) => `${name} ${purpose}`
  const inStorage = <Result>(work: () => Result) => (isBrowser ? attempt(work) : null)

  function recall(purpose: Purpose): Ticket | null {
    const text = inStorage(() => sessionStorage.getItem(keyOf(purpose)))
    const ticket: Ticket | null = text ? attempt(() => JSON.parse(text)) : null
    return ticket && Date.now() < Date.parse(ticket.expiresAt) ? ticket : null
  }
  function drop(purpose: Purpose) {
    kept.delete(purpose)
    inStorage(() => sessionStorage.removeItem(keyOf(purpose)))
  }
  // The clock of a device can be wrong, so only the service knows whether a ticket of this page has expired.
  const find = (purpose: Purpose) => kept.get(purpose) ?? recall(purpose)

  return {
    /** Null: nothing waits. */
    find,
    keep(purpose: Purpose, ticket: Ticket) {
      kept.set(purpose, ticket)
      inStorage(() => sessionStorage.setItem(keyOf(purpose), JSON.stringify(ticket)))
    },
    /** Makes a call that uses the ticket up. After a failure the ticket is still valid, unless the code is TICKET_INVALID. */
    async use<Result>(purpose: Purpose, call: (ticket: string) => Promise<Result>) {
      const result = await call(find(purpose)?.ticket ?? '').catch((error: unknown) => {
        if (error instanceof ApiError && error.code === 'TICKET_INVALID') drop(purpose)
        throw error
      })
      drop(purpose)
      return result
    }
  }
}
