import type { Tokens } from './contract.ts'
import type { Tabs } from './tabs.ts'

/** The tokens of a session, kept in memory only. `expiresAt`: of the access token, in ms of this device's clock. */
export type Access = Pick<Tokens, 'accessToken' | 'refreshToken'> & { expiresAt: number }
/** What tabs send each other, tabs of an older version too. `isNews`: a user has logged in or out. */
export type Message = { isLoggedIn: boolean; access: Access | null; userId: string | null; isNews: boolean }

/** The user a token belongs to. `atob` does not take base64url as it is. */
const userOf = ({ accessToken }: Pick<Tokens, 'accessToken'>): string =>
  JSON.parse(atob(accessToken.split('.')[1]?.replaceAll('-', '+').replaceAll('_', '/') ?? '')).sub

export type Store = ReturnType<typeof createStore>
/** What this tab knows: whether a user is logged in, and the tokens of the session. */
export function createStore(tabs: Tabs<Message>, isToken: boolean) {
  const listeners = new Set<(isLoggedIn: boolean) => void>()
  const renewals = new Set<() => void>()
  let { isLoggedIn, userId } = tabs.recall()
  let access: Access | null = null
  let epoch = 0

  function apply(message: Message) {
    // A tab that was frozen may send the tokens of a session that has ended, or that another user's has replaced.
    const isOutdated = isLoggedIn === false || (userId && message.userId !== userId)
    if (!message.isNews && isOutdated) return
    ;({ isLoggedIn, access, userId } = message)
    tabs.remember(message)
    epoch += Number(message.isNews)
    if (message.isNews) for (const listener of listeners) queueMicrotask(() => listener(message.isLoggedIn))
  }
  function toMessage(next: boolean, reply: Partial<Tokens> = {}, isNews = isLoggedIn === !next): Message {
    const { accessToken, expiresIn = 0, refreshToken } = reply
    const tokens = accessToken ? { accessToken, ...(refreshToken && { refreshToken }) } : null
    const kept = isToken && tokens ? { ...tokens, expiresAt: Date.now() + expiresIn * 1000 } : null
    return { isLoggedIn: next, access: kept, userId: kept && userOf(kept), isNews }
  }
  tabs.onMessage(apply)

  return {
    isToken,
    /** Called after each login and logout, in this tab or another. */
    listeners,
    /** Called after this tab has renewed the session. */
    renewals,
    /** Null: not known yet. */
    get isLoggedIn() {
      return isLoggedIn
    },
    /** Null: not known yet, nobody is logged in, or the transport is `cookie`. */
    get access() {
      return access
    },
    /** Increases with each login and logout. A call that began in an earlier epoch may belong to another user. */
    get epoch() {
      return epoch
    },
    /** Whether the access token has to be renewed before the next call. */
    isStale: () => isToken && isLoggedIn !== false && !(access && Date.now() < access.expiresAt),
    /** Whether these tokens can belong to the user of this session. */
    isSameUser: (tokens: Tokens) => !userId || userOf(tokens) === userId,
    /** Changes the state of this tab only. */
    set: (next: boolean) => apply(toMessage(next)),
    /** Changes the state of all tabs. `isNews`: a user has logged in or out, not only renewed the session. */
    publish: (next: boolean, reply?: Partial<Tokens>, isNews?: boolean) => tabs.publish(toMessage(next, reply, isNews))
  }
}
