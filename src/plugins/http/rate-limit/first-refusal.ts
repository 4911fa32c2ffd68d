/** As many clients as @fastify/rate-limit itself remembers. */
const MAX_CLIENTS = 5000

/** Tells whether a refusal is a client's first in the current window, so that it is logged once. `ttlMs`: what is left of the window. */
export function createFirstRefusals() {
  const ends = new Map<string, number>()

  return function isFirst(client: string, ttlMs: number, now: number) {
    if ((ends.get(client) ?? 0) > now) return false
    // Deleted first, so that the oldest entry stays in front.
    ends.delete(client)
    ends.set(client, now + ttlMs)
    const [oldest] = ends.keys()
    if (ends.size > MAX_CLIENTS && oldest !== undefined) ends.delete(oldest)
    return true
  }
}
