import { fork } from 'node:child_process'
import { quantile } from './figures.ts'
import { print } from './print.ts'
import { PASSWORD, startService } from './service.ts'

// Do 200 logins at once starve everybody else? The goal: /livez and whoami by token within 100 ms at the 99th percentile.

const LOGINS = 200
const ROUNDS = 5

/** Asks steadily, in a process of its own, until it is told to stop; then tells how long each answer took. */
async function ask(url: string, authorization: string) {
  const times: Record<string, number[]> = { '/livez': [], '/api/auth/whoami': [] }
  let isOver = false
  process.on('message', () => {
    isOver = true
  })
  async function asking(path: string) {
    while (!isOver) {
      const start = performance.now()
      const reply = await fetch(url + path, { headers: { authorization } })
      await reply.text()
      if (reply.status !== 200) throw new Error(`${path} answered ${reply.status}`)
      times[path]?.push(performance.now() - start)
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
  }
  await Promise.all(Object.keys(times).map(asking))
  process.send?.(times)
}

async function run() {
  const service = await startService()
  const names = Array.from({ length: LOGINS }, (_, i) => `user${i}`)
  const client = (i: number) => `10.0.${i >> 8}.${i & 255}`
  for (const [i, username] of names.entries()) {
    const body = { username, email: `${username}@example.com`, name: 'A user', password: PASSWORD }
    await service.post('/api/auth/signup', body, client(i))
  }
  const login = async (usernameOrEmail: string, i: number) => {
    const reply = await service.post(
      '/api/auth/login',
      { usernameOrEmail, password: PASSWORD, authType: 'token' },
      client(i)
    )
    return { status: reply.status, body: (await reply.json()) as { accessToken: string } }
  }
  const { body } = await login('user0', 0)
  const asker = fork(import.meta.filename, [service.url, `Bearer ${body.accessToken}`])
  await new Promise((resolve) => setTimeout(resolve, 1000))
  const counts: Record<number, number> = {}
  const start = performance.now()
  for (let round = 0; round < ROUNDS; round++) {
    for (const { status } of await Promise.all(names.map(login))) counts[status] = (counts[status] ?? 0) + 1
  }
  const seconds = (performance.now() - start) / 1000
  const times = new Promise<Record<string, number[]>>((resolve) => asker.once('message', resolve as never))
  asker.send('stop')
  for (const [path, found] of Object.entries(await times)) {
    const [p50, p99, max] = [0.5, 0.99, 1].map((part) => quantile(found, part).toFixed(1))
    print(`${path}: ${found.length} answers, p50 ${p50} ms, p99 ${p99} ms, longest ${max} ms`)
  }
  print(`${ROUNDS} times ${LOGINS} logins at once in ${seconds.toFixed(1)} s: ${JSON.stringify(counts)}`)
  asker.kill()
  service.stop()
}

const [url, authorization] = process.argv.slice(2)
if (url && authorization) await ask(url, authorization)
else await run()
