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

const seconds = (ms: number) => (ms < 50 ? 'immediately' : `${(ms / 1000).toFixed(1)} s`)

/** The failure table, in Markdown. */
export function toTable(lines: Line[]) {
  const rows = lines.map(({ row, seen, facts }) => {
    const lost = seen.broken.length === 0 ? `nothing (${facts})` : seen.broken.join('; ')
    const figures = [`${Math.round(seen.slowest.ms)} ms`, lost, seconds(seen.recoveryMs)]
    return `| ${[row.what, row.meanwhile, refusals(seen.meanwhile), ...figures].join(' | ')} |`
  })
  const head = '| what happens | what the service does | gets 503 | slowest reply | lost | recovered after |'
  return [head, '|---|---|---|---|---|---|', ...rows].join('\n')
}

const page = (table: string, versions: string) => `# What happens when something fails

\`npm run test:chaos -- --write\` writes this page. It breaks real servers in each of these ways, and fails if the service breaks a promise.
[operations.md](operations.md) says what you can do about each failure.

The setup is three replicas behind nginx (\`deploy/nginx.conf\`) with one PostgreSQL and one Redis, and for the last rows one replica on SQLite.
They receive about 70 requests a second: \`whoami\` with cookies and tokens, also of sessions that were logged out, \`users/me\`, \`check-auth\`,
logins, logouts, refreshes, sign-ups, and password changes. The service reaches PostgreSQL and Redis through a TCP proxy that can add latency,
close connections, or drop them silently. These figures are from a machine with ${availableParallelism()} cores and ${versions}.

In every row:

- No reply takes longer than 1.5 s (beyond the time that the machine takes for a server that does nothing).
- No failure sets or clears a cookie, and no active session is rejected: an outage never logs anyone out.
- A session that was logged out is never accepted again.
- Whatever was acknowledged is stored and visible on every replica: sign-ups, logins, logouts, refreshes, and password changes. A logout that
  got 503 can be repeated. After a password change that got 503, exactly one password is valid, the old or the new one.
- Everything works again within 5 s, without a restart, in the same process. Its memory grows by less than 120 MB over the whole run.
- The log has one line for each change of a server's state, and each replica reports its true state at \`/readyz\`.

${table}

*gets 503*: all of these calls, or the given number of them; every other call succeeded. *lost*: in parentheses, the number of facts
checked. *recovered after*: from the end of the failure to the last failed request; the service checks a database that is down every half
second.

Another test combines failures and calls at random. \`npm run test:hammer\` calls three replicas directly for a minute. Meanwhile it empties Redis
twice a second, kills replicas and connections, stops Redis, and replays every credential that has ended. Before a release, run it for ten
minutes: \`npm run test:hammer -- --minutes 10\`. It prints its seed; \`--seed 1234\` repeats the same choices.

One case is not covered. PostgreSQL stores a refresh, goes down at that moment, and the client gets no reply. If the client retries only after
\`REFRESH_GRACE\`, the retry looks like a stolen token and ends the session.
`

/** Writes docs/failures.md; `versions` names the software that was tested. */
export function writePage(lines: Line[], versions: string) {
  writeFileSync(FILE, page(toTable(lines), versions))
}
