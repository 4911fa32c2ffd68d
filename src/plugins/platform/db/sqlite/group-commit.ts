import type BetterSqlite from 'better-sqlite3'

type Outcome = { value: unknown } | { error: unknown }
type Waiting = { work: () => unknown; settle: (outcome: Outcome) => void }

/**
 * Commits the changes of one turn of the event loop together: most of a commit is the wait for the disk. A change that fails takes
 * back only itself, as a statement or a savepoint does; if the commit fails, all of them have failed.
 */
export function createGroupCommit(client: BetterSqlite.Database, attempt: <T>(work: () => T) => T) {
  let waiting: Waiting[] = []

  function run(work: () => unknown): Outcome {
    try {
      return { value: work() }
    } catch (error) {
      // A full disk, for example, takes back the whole transaction: what comes next would be committed on its own.
      if (!client.inTransaction) throw error
      return { error }
    }
  }
  const runAll = client.transaction((group: Waiting[]) => group.map(({ work }) => run(work)))

  function commit() {
    const group = waiting
    waiting = []
    try {
      const outcomes = attempt(() => runAll.immediate(group))
      for (const [i, outcome] of outcomes.entries()) group[i]?.settle(outcome)
    } catch (error) {
      for (const { settle } of group) settle({ error })
    }
  }

  /** Runs a change, and resolves with what it returns once that is stored. */
  return <T>(work: () => T) =>
    new Promise<T>((resolve, reject) => {
      if (waiting.length === 0) setImmediate(commit)
      const settle = (outcome: Outcome) => ('error' in outcome ? reject(outcome.error) : resolve(outcome.value as T))
      waiting.push({ work, settle })
    })
}
