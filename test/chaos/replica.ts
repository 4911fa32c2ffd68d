import { readFileSync } from 'node:fs'
import type { Test } from 'tap'
import { freshFolder, settled, startListening } from '../process.ts'

export type Replica = Awaited<ReturnType<typeof startReplica>>

/** The service as a process of its own, and what can be seen of it from outside. */
export async function startReplica(t: Test, environment: Record<string, string>) {
  const server = await startListening(t, freshFolder(t), { ...settled, ...environment })
  const pid = server.child.pid ?? 0
  return {
    ...server,
    pid,
    isAlive: () => server.child.exitCode === null && server.child.signalCode === null,
    lineCount: () => server.output().split('\n').length - 1,
    /** The lines of its log from the nth on. */
    lines(from: number) {
      const lines = server.output().split('\n').slice(from, -1)
      return lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as Record<string, unknown>)
    },
    /** Its memory, in MB. */
    residentMb: () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
  }
}
