import type { Sql } from 'postgres'
import { withTimeout } from '../../time-budget/time-budget.ts'

const DEADLINE_MS = 800
/** In each round another client may happen to take the connection that would have proved it. */
const ROUNDS = 5

async function findBackend(sql: Sql) {
  const answer = await withTimeout(DEADLINE_MS, () => sql.unsafe('select pg_backend_pid() as pid'))
  return { pid: answer[0]?.['pid'], key: answer.state.pid }
}

/** Whether a pooler runs each transaction on any backend: then two open connections share one, or one connection changes its own. */
export async function isTransactionPooler(open: () => Sql) {
  const [one, other] = [open(), open()]
  try {
    const { pid, key } = await findBackend(one)
    // The cancel key is the server's own, so there is no pooler.
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
