import type { Sql } from 'postgres'
import { withTimeout } from '../../time-budget/time-budget.ts'

const DEADLINE_MS = 800
/** In each somebody else may take the connection that would have given it away. */
const ROUNDS = 5

async function findBackend(sql: Sql) {
  const answer = await withTimeout(DEADLINE_MS, () => sql.unsafe('select pg_backend_pid() as pid'))
  return { pid: answer[0]?.['pid'], key: answer.state.pid }
}

/**
 * Whether there is a pooler that does each transaction of a connection on any of its own: then two connections that are both
 * open share one of those, or one changes its own. Both are opened, and closed again.
 */
export async function isTransactionPooler(open: () => Sql) {
  const [one, other] = [open(), open()]
  try {
    const { pid, key } = await findBackend(one)
    // The key for cancelling is the server's own, so nobody is in between.
    if (pid === key) return false
    for (let round = 0; round < ROUNDS; round++) {
      const [others, again] = [await findBackend(other), await findBackend(one)]
      if (others.pid === again.pid || again.pid !== pid) return true
    }
    return false
  } finally {
    for (const sql of [one, other]) void sql.end({ timeout: 0 })
  }
}
