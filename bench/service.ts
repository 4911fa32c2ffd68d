import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const randomKey = () => randomBytes(48).toString('base64url')
export const PASSWORD = 'a long first password'

async function freePort() {
  const server = createServer()
  const { promise, resolve } = Promise.withResolvers<number>()
  server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port))
  const port = await promise
  await new Promise((done) => server.close(done))
  return port
}

/** The service as a process of its own, on an empty SQLite file, behind what it takes for a proxy. */
export async function startService() {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'))
  const port = await freePort()
  const env = {
    ...{ PATH: process.env['PATH'], HOST: '127.0.0.1', PORT: `${port}`, DB_URI: `file:${folder}/app.db` },
    ...{ SECRET_KEY: randomKey(), JWT_SECRET_KEY: randomKey(), TRUST_PROXY: '127.0.0.1', RATE_LIMIT_MAX: '1000000' },
    NODE_ENV: 'production'
  }
  const child = spawn(process.execPath, [join(import.meta.dirname, '../src/server.ts')], { cwd: folder, env })
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (data) => `${data}`.includes('listening at') && resolve())
    child.once('exit', () => reject(new Error('the service did not start')))
  })
  const url = `http://127.0.0.1:${port}`
  return {
    url,
    /** POSTs JSON as a client at this address. */
    post: (path: string, body: object, from: string) =>
      fetch(url + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-forwarded-for': from },
        body: JSON.stringify(body)
      }),
    stop() {
      child.kill('SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    }
  }
}

export function quantile(values: number[], part: number) {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN
}
