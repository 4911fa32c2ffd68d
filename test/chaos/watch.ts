import { setTimeout as sleep } from 'node:timers/promises'
import type { Answer } from './client.ts'
import type { startControl } from './control.ts'
import type { Replica } from './replica.ts'

/** What was seen from the beginning of a fault until all was well again. */
export type Seen = Awaited<ReturnType<ReturnType<typeof createWatch>['during']>>

type Control = Awaited<ReturnType<typeof startControl>>

const LIMIT_MS = 10_000
/** So long without a failure is well. */
const CALM_MS = 1200

export const isFailure = ({ status }: Answer) => status === 0 || status === 429 || status >= 500
/** Only these set the cookie, or clear it. */
const setsCookie = ({ call, status }: Answer) => status < 300 && /^(login|logout)$/.test(call)

/** What /readyz of a replica says. */
async function readyOf({ url }: Replica) {
  return fetch(`${url}/readyz`).then(
    async (reply) => ((await reply.json()) as { status: string }).status,
    () => 'no answer'
  )
}

/** The changes of state that a replica logged, in order: `database down`, `redis up`. */
function changesOf(lines: Record<string, unknown>[]) {
  return lines.flatMap(({ event, dependency }) => {
    const [, change] = /^dependency_(up|down)$/.exec(`${event}`) ?? []
    return change ? [`${dependency} ${change}`] : []
  })
}

/** Watches the answers to the load, and the replicas. */
export function createWatch(control: Control) {
  let answers: Answer[] = []
  let broken: string[] = []

  /** Waits until all replicas are ready and nothing failed for a while; gives when the last failure was answered. */
  async function calm(replicas: Replica[], since: number) {
    let last = since
    while (performance.now() < Math.min(since + LIMIT_MS, last + CALM_MS)) {
      const ready = await Promise.all(replicas.map(readyOf))
      if (!ready.every((status) => status === 'ok')) last = performance.now()
      for (const answer of answers) if (isFailure(answer)) last = Math.max(last, answer.at + answer.ms)
      await sleep(50)
    }
    return last - since
  }

  return {
    onAnswer: (answer: Answer) => void answers.push(answer),
    broken: (what: string) => void broken.push(what),
    /** Watches while the fault is there, for `holdMs`, and until all is well again. */
    async during(replicas: Replica[], fault: { begin: () => unknown; end: () => unknown; holdMs: number }) {
      ;[answers, broken] = [[], []]
      control.begin()
      const counts = replicas.map((replica) => replica.lineCount())
      const start = performance.now()
      await fault.begin()
      await sleep(fault.holdMs)
      const ready = await Promise.all(replicas.map(readyOf))
      await fault.end()
      const end = performance.now()
      const recoveryMs = await calm(replicas, end)
      return {
        broken,
        recoveryMs,
        ready: [...new Set(ready)],
        meanwhile: answers.filter(({ at }) => at > start && at < end),
        slowest: answers.reduce((a, b) => (a.ms > b.ms ? a : b)),
        machineMs: control.slowestMs(),
        cookies: answers.filter((answer) => answer.cookies.length > 0 && !setsCookie(answer)),
        changes: replicas.map((replica, i) => changesOf(replica.lines(counts[i] ?? 0)))
      }
    }
  }
}
