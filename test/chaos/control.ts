import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Test } from 'tap'
import { freePort } from '../wait.ts'
import { createClient } from './client.ts'

const EVERY_MS = 100

/** How slow the machine is: a server that does nothing, in a process of its own, is asked all the time. */
export async function startControl(t: Test) {
  const port = await freePort()
  const source = `require('http').createServer((_, r) => r.end('{}')).listen(${port}, () => console.log('ready'))`
  const child = spawn(process.execPath, ['-e', source])
  await once(child.stdout, 'data')
  let slowestMs = 0
  const client = createClient({ port }, ({ ms }) => {
    slowestMs = Math.max(slowestMs, ms)
  })
  const timer = setInterval(() => void client.ask('', 'GET', '/'), EVERY_MS)
  t.teardown(() => {
    clearInterval(timer)
    client.close()
    child.kill()
  })
  return {
    begin() {
      slowestMs = 0
    },
    /** The slowest answer since the beginning, in ms. */
    slowestMs: () => slowestMs
  }
}
