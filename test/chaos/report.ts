import { writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import type { Answer } from './client.ts'
import type { Row } from './rows.ts'
import { isFailure, type Seen } from './watch.ts'

/** A row of the failure table and what was seen of it; `facts` is how many were looked at afterwards. */
export type Line = { row: Pick<Row<unknown>, 'what' | 'meanwhile'>; seen: Seen; facts: number }

const FILE = join(import.meta.dirname, '../../docs/failures.md')

/** How each call was answered: how often, how often not, with which statuses then, and the slowest. */
export function byCall(answers: Answer[]) {
  return [...Map.groupBy(answers, ({ call }) => call)].sort().map(([call, all]) => {
    const failed = all.filter(isFailure)
    const statuses = [...new Set(failed.map(({ status }) => status))]
    return { call, count: all.length, failed: failed.length, statuses, slowestMs: Math.max(...all.map(({ ms }) => ms)) }
  })
}

/** What was 503, and how much of it. */
function refusals(answers: Answer[]) {
  const names = byCall(answers)
    .filter(({ failed }) => failed > 0)
    .map(({ call, count, failed }) => `${call} ${count === failed ? '' : `${failed} of ${count}`}`.trim())
  return names.join(', ') || 'nothing'
}

const seconds = (ms: number) => (ms < 50 ? 'at once' : `${(ms / 1000).toFixed(1)} s`)

/** The failure table, in Markdown. */
export function toTable(lines: Line[]) {
  const rows = lines.map(({ row, seen, facts }) => {
    const lost = seen.broken.length === 0 ? `nothing (${facts})` : seen.broken.join('; ')
    const figures = [`${Math.round(seen.slowest.ms)} ms`, lost, seconds(seen.recoveryMs)]
    return `| ${[row.what, row.meanwhile, refusals(seen.meanwhile), ...figures].join(' | ')} |`
  })
  const head =
    '| what happens | what is done meanwhile | answered with 503 | slowest answer | lost | well again after |'
  return [head, '|---|---|---|---|---|---|', ...rows].join('\n')
}

const page = (table: string, versions: string) => `# When something is down, as measured

Written by \`npm run test:chaos -- --write\`, which does all of this to real servers and fails where a promise is broken. What you
can do about each is in [operations.md](operations.md).

Three replicas behind nginx (\`deploy/nginx.conf\`) on one PostgreSQL and one Redis; for the last rows one replica on SQLite. About
70 requests a second come all the time: \`whoami\` by cookie and by token, also of logins that were logged out, \`users/me\`,
\`check-auth\`, logins, logouts, refreshes, sign-ups and password changes. The service reaches its servers through a TCP proxy that can
be slow, hang up or forget its connections. This table is from a machine with ${availableParallelism()} cores and ${versions}.

In every row, for every answer:

- None takes longer than 1.5 s (beyond what the machine takes for a server that does nothing).
- No cookie is set or cleared by a failure, and no login that nobody ended is refused: nobody is logged out since nobody can tell.
- A login that was logged out is never let in again.
- What was acknowledged is so afterwards, on each replica: sign-ups, logins, logouts, refreshes, password changes. A logout that was
  503 can be repeated; of a password change that was 503 exactly one password counts, the old or the new.
- All is well again within 5 s without a restart, in the same process, whose memory grows by less than 120 MB in the whole run.
- The log has one line for each change of state of a server, and each replica tells the truth at \`/readyz\`.

${table}

*answered with 503*: all of these calls, or so many of so many; every other call succeeded. *lost*: in brackets how many facts were
looked at. *well again after*: from the end of the fault to the last failure; the last look at a database that is down may be half a
second old.

What happens when faults and calls meet at random is another test: \`npm run test:hammer\` calls three replicas directly for a minute, empties
Redis twice a second meanwhile, kills replicas and connections, stops Redis, and replays everything that has ended. Before a release run
it for ten minutes: \`npm run test:hammer -- --minutes 10\`. It prints its seed, and \`--seed 1234\` makes the same choices again.

What it does not promise: a refresh that PostgreSQL carried out in the very moment in which it was lost, so that its client heard
nothing, and that is repeated only after \`REFRESH_GRACE\`, looks like a stolen token and ends that login.
`

/** Writes docs/failures.md; `versions` says of what. */
export function writePage(lines: Line[], versions: string) {
  writeFileSync(FILE, page(toTable(lines), versions))
}
