import { attempt } from './attempt.ts'
import { ApiError } from './errors.ts'

/** What waits for the user to go on. Most of them need a code: of a mail, or of an authenticator app. */
export type Purpose = 'second-factor' | 'password-reset' | 'email-verification' | 'email-change' | 'oidc' | 'newcomer'
export type Ticket = {
  ticket: string
  expiresAt: string
  /** The second factors that the user has. */
  methods?: string[]
  /** Whether it finishes a login, not a renewal. */
  isLogin?: boolean
  /** What the user went to a provider for. */
  intent?: 'login' | 'link' | 'confirm'
  /** Whether they chose to stay logged in. */
  remember?: boolean
  /** What the provider says of a newcomer, and whether there is an account with this address. */
  email?: string
  name?: string | null
  hasAccount?: boolean
}

export type Tickets = ReturnType<typeof createTickets>
/** Keeps tickets in this tab until they expire. A phone may evict the page while its user reads a mail, so a reload keeps them too. */
export function createTickets(name: string, isBrowser: boolean) {
  const kept = new Map<Purpose, Ticket>()
  const listeners = new Set<() => void>()
  const keyOf = (purpose: Purpose) => `${name} ${purpose}`
  const inStorage = <Result>(work: () => Result) => (isBrowser ? attempt(work) : null)

  function recall(purpose: Purpose): Ticket | null {
    const text = inStorage(() => sessionStorage.getItem(keyOf(purpose)))
    const ticket: Ticket | null = text ? attempt(() => JSON.parse(text)) : null
    return ticket && Date.now() < Date.parse(ticket.expiresAt) ? ticket : null
  }
  function change(purpose: Purpose, ticket: Ticket | null) {
    if (ticket) kept.set(purpose, ticket)
    else kept.delete(purpose)
    inStorage(() => {
      if (ticket) sessionStorage.setItem(keyOf(purpose), JSON.stringify(ticket))
      else sessionStorage.removeItem(keyOf(purpose))
    })
    for (const listener of listeners) listener()
  }
  function find(purpose: Purpose): Ticket | null {
    // The clock of a device can be wrong, so only the service knows whether a ticket of this page has expired.
    const ticket = kept.get(purpose) ?? recall(purpose)
    if (ticket) kept.set(purpose, ticket)
    return ticket
  }

  return {
    /** Called after each change of what waits in this tab. */
    listeners,
    /** Null: nothing waits. It stays the same object until it changes. */
    find,
    keep: (purpose: Purpose, ticket: Ticket) => change(purpose, ticket),
    drop: (purpose: Purpose) => change(purpose, null),
    /** Makes a call that uses the ticket up. After a failure the ticket is still valid, unless the code is TICKET_INVALID. */
    async use<Result>(purpose: Purpose, call: (ticket: string) => Promise<Result>) {
      const result = await call(find(purpose)?.ticket ?? '').catch((error: unknown) => {
        if (error instanceof ApiError && error.code === 'TICKET_INVALID') change(purpose, null)
        throw error
      })
      change(purpose, null)
      return result
    }
  }
}
