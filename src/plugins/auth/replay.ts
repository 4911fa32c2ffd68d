import type { Login } from '../db/types.ts'
import type { Logins } from './logins.ts'

/** A part that lets logins in without asking SQL, and so has to hear of each that is revoked. */
export type RevocationListener = {
  /** For how long after a revocation what the login carried could still be taken for good. */
  windowMs: number
  /** Rejects where it could not store a revocation now. */
  check(): Promise<void>
  /** Stores revocations, old ones again too. Awaited: what could not be stored was not revoked. */
  add(logins: Login[]): Promise<void>
  /** Called when it was told of all revocations of its window. */
  complete(): Promise<void>
  /** How many revocations it remembers, where it can say. */
  size?(): number | Promise<number>
}

const BATCH = 1000
/** No login that was revoked just then comes after it. */
const LAST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff'
/** Clocks of replicas differ, and a transaction commits later than its time says. */
export const OVERLAP_MS = 10_000

/** Tells what SQL knows of revocations since then and a little before, oldest first. */
export async function replaySince(logins: Logins, since: Date, tell: (found: Login[]) => Promise<void>) {
  // Many may have been revoked at the same moment: the id tells where a batch ended.
  const start = new Date(since.getTime() - OVERLAP_MS)
  let last: Pick<Login, 'revokedAt' | 'id'> | undefined = { revokedAt: start, id: LAST_ID }
  while (last?.revokedAt) {
    const found: Login[] = await logins.revokedSince(last.revokedAt, last.id, BATCH)
    await tell(found)
    last = found.length === BATCH ? found.at(-1) : undefined
  }
}
