import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'

export type Usage = { cpuUs: number; rssBytes: number; heapBytes: number }
export type StartOptions = {
  /** The core to pin it to, where `taskset` is available; null for all cores. */
  core: number | null
  cwd?: string
  env?: Record<string, string>
  execArgv?: string[]
}

/** Where `taskset` is available, the server runs on one core, and the load generator with the databases on the other. */
export const SERVER_CORE = 0
export const CLIENT_CORE = 1

function canPin() {
  if (availableParallelism() < 2) return false
  try {
    execFileSync('taskset', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
export const isPinned = canPin()

/** Cores of the machine, read before this process is pinned to one of them. */
export const CORES = availableParallelism()

/** The command that runs a program on one core, or on all: a child would otherwise inherit the core of the load generator. */
export const onCore = (core: number | null, command: string[]) =>
  isPinned ? ['taskset', '-c', core === null ? `0-${CORES - 1}` : `${core}`, ...command] : command

/** Pins the load generator to its own core. A signal also ends the processes that it started. */
export function pinSelf() {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1))
  process.setMaxListeners(50)
  if (isPinned) execFileSync('taskset', ['-a', '-c', '-p', `${CLIENT_CORE}`, `${process.pid}`], { stdio: 'ignore' })
}

export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  return port
}

/** True if something listens on this port. */
export function isOpen(port: number) {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = connect({ port, host: '127.0.0.1' }, () => resolve(true)).on('error', () => resolve(false))
  return promise.finally(() => socket.destroy())
}

/** Waits until something listens on this port. */
export async function untilOpen(port: number, isOver: () => boolean = () => false) {
  while (!(await isOpen(port))) {
    if (isOver()) throw new Error('The process exited before it listened')
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

/** Starts a server in a process of its own that reports its resource usage. Its log is discarded. */
export async function startProcess(file: string, { core, cwd, env = {}, execArgv = [] }: StartOptions) {
  const port = await freePort()
  const control = join(import.meta.dirname, 'subjects/control.ts')
  const [program = '', ...rest] = onCore(core, [process.execPath, ...execArgv, '--import', control, file])
  const started = performance.now()
  const child = spawn(program, rest, {
    ...(cwd && { cwd }),
    env: { PATH: process.env['PATH'] ?? '', NODE_ENV: 'production', HOST: '127.0.0.1', PORT: `${port}`, ...env },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc']
  })
  const kill = () => child.kill('SIGKILL')
  process.on('exit', kill)
  await untilOpen(port, () => child.exitCode !== null)
  const startMs = performance.now() - started

  return {
    port,
    url: `http://127.0.0.1:${port}`,
    startMs,
    /** Usage since it started; `collect` runs the garbage collector first. */
    async usage(collect = false): Promise<Usage> {
      child.send({ collect })
      const [usage] = await once(child, 'message')
      return usage as Usage
    },
    async stop() {
      const gone = once(child, 'exit')
      child.kill('SIGTERM')
      const late = setTimeout(kill, 5000)
      await gone
      clearTimeout(late)
      process.off('exit', kill)
    }
  }
}
