import { isLive, type Place, type Sessions } from './sessions.ts'
import type { Session } from './tables.ts'

/** Later than the last use of any session, and still a valid time in both databases. */
const BEFORE_ALL = new Date(99_999_999_999_999)

const toCursor = ({ lastSeenAt, id }: Place) => `${lastSeenAt.getTime()}_${id}`

function toPlace(cursor: string): Place {
  const [ms, id = ''] = cursor.split('_')
  return { lastSeenAt: new Date(Number(ms)), id }
}

/** The live sessions of a user after a cursor, one more than `limit`: the current one first, then the most recently used. */
export async function listSessions(
  sessions: Sessions,
  userId: string,
  current: string,
  cursor: string | undefined,
  limit: number
): Promise<Session[]> {
  const now = new Date()
  const after = cursor === undefined ? undefined : toPlace(cursor)
  const others = await sessions.listLive(userId, now, { after, limit: limit + 1, except: current })
  const own = after ? null : await sessions.find(current)
  return own && isLive(own, now) ? [own, ...others] : others
}

/** Cuts a page from the sessions found. If the page has only the current session, its cursor comes before all others. */
export function toPage(found: Session[], current: string, limit: number) {
  const page = found.slice(0, limit)
  const last = page.at(-1)
  const sessions = page.map((session) => ({ ...session, current: session.id === current }))
  if (found.length <= limit || last === undefined) return { sessions, nextCursor: null }
  const isFirst = last.id === current
  return { sessions, nextCursor: isFirst ? toCursor({ lastSeenAt: BEFORE_ALL, id: last.id }) : toCursor(last) }
}
