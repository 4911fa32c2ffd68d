import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

const given = new Set<number>()

function isFree(port: number) {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const server = createServer().on('error', () => resolve(false))
  server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  return promise
}

/** Returns a free port below the ephemeral range, so that no outgoing connection takes it before the server starts. */
export async function freePort(): Promise<number> {
  const port = randomInt(10_240, 32_768)
  if (given.has(port) || !(await isFree(port))) return freePort()
  given.add(port)
  return port
}

export async function waitUntil(isSo: () => boolean | Promise<boolean>, what: string, timeoutMs = 10_000) {
  const end = Date.now() + timeoutMs
  while (!(await isSo())) {
    if (Date.now() > end) throw new Error(`Not within ${timeoutMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
