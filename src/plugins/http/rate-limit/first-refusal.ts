/** As many clients as the limiter itself remembers. */
const MAX_CLIENTS = 5000

/** Tells the first refusal of a client in a window from those that follow; `ttlMs` is what is left of the window. */
export function createFirstRefusals() {
  const ends = new Map<string, number>()

  return function isFirst(client: string, ttlMs: number, now: number) {
    if ((ends.get(client) ?? 0) > now) return false
    // Set anew, so that the oldest comes first.
    ends.delete(client)
    ends.set(client, now + ttlMs)
    const [oldest] = ends.keys()
    if (ends.size > MAX_CLIENTS && oldest !== undefined) ends.delete(oldest)
    return true
  }
}
