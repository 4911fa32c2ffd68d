import type { Client } from 'openapi-fetch'
import type { paths, Session, Tokens } from './contract.ts'
import { ApiError, endsSession, orThrow } from './errors.ts'
import type { Access, Message, Store } from './store.ts'
import type { Tabs } from './tabs.ts'

export type Reply<Content> = Parameters<typeof orThrow<Content>>[0]
/** The header of a token session. */
export type Authorization = { authorization?: string }
export type SignIn = ReturnType<typeof createSession>['signIn']
export type Renew = ReturnType<typeof createSession>['renew']
type Options = {
  store: Store
  tabs: Tabs<Message>
  api: Client<paths>
  refresh: (stale: Access | null) => Promise<void>
  /** Gets the error of a login or a renewal. */
  onRefused: (error: ApiError, isLogin: boolean) => void
}
/** Begins, checks, renews and ends the session, one tab at a time. */
export function createSession({ store, tabs, api, refresh, onRefused }: Options) {
  /** The user who is logged in, and their session. Null: nobody is logged in. */
  async function session(): Promise<Session | null> {
    const check = () => orThrow(api.GET('/api/auth/check-auth'))
    const startedIn = store.epoch
    let state = await check()
    // This route never answers 401, so only a refresh shows whether the session of a refused token has ended.
    if (!state.authenticated && store.access && store.epoch === startedIn)
      state = await refresh(store.access).then(check)
    if (store.epoch !== startedIn) return session()
    if (!store.isToken && store.isLoggedIn !== state.authenticated) store.set(state.authenticated)
    return state.user && state.session ? { user: state.user, session: state.session } : null
  }
  const refuse = (isLogin: boolean) => (error: unknown) => {
    if (error instanceof ApiError) onRefused(error, isLogin)
    throw error
  }
  /** Logs in by a call that answers with a user, and with tokens unless it sets a cookie. */
  function signIn<User>(call: () => Reply<{ user: User } & Partial<Tokens>>): Promise<User> {
    const work = async () => {
      const reply = await orThrow(call())
      store.publish(true, reply, true)
      return reply.user
    }
    return tabs.withLock(work).catch(refuse(true))
  }
  /** Renews or ends the session by a call, but never the session of another user who has logged in meanwhile. */
  async function change<Content>(next: boolean, call: (headers: Authorization) => Reply<Content>) {
    const startedIn = store.epoch
    const work = async () => {
      if (store.epoch !== startedIn && store.isLoggedIn) throw new Error('Another user has logged in')
      // Sent even without a token: it makes the service ignore the cookie of another session.
      const reply = await orThrow(call(store.isToken ? { authorization: `Bearer ${store.access?.accessToken}` } : {}))
      if (store.epoch === startedIn) store.publish(next, reply ?? {})
      return reply
    }
    if (store.isStale()) await refresh(store.access)
    return tabs.withLock(work).catch(async (error: unknown) => {
      if (!(error instanceof ApiError) || !endsSession(error)) throw error
      // The session has ended, unless the token was stale or another tab has just renewed the session.
      if (await session()) return tabs.withLock(work)
      if (next) throw error
      store.publish(false)
      return null
    })
  }
  /** Renews the session by a call that answers with tokens, unless it sets a cookie. Returns the reply. */
  async function renew<Content>(call: (headers: Authorization) => Reply<Content>) {
    const reply = await change(true, call).catch(refuse(false))
    for (const listener of store.renewals) listener()
    return reply as Content
  }
  /** Ends the session. If it has already ended, that is no error. */
  async function end(call: (headers: Authorization) => Reply<unknown>) {
    await change(false, call)
  }
  return { session, signIn, renew, end }
}
