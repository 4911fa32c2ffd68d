/** Runs what a browser may deny, such as a write to full storage. Returns null if it throws: the client works without it. */
export function attempt<Result>(work: () => Result): Result | null {
  try {
    return work()
  } catch {
    return null
  }
}
