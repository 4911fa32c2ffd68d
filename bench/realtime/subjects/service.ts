import { buildApp } from '../../../src/app.ts'
import { readSettings } from '../../../src/plugins/platform/config/settings.ts'
import { openLog } from '../../../src/plugins/platform/logging/logger.ts'
import { dataOf } from './message.ts'

// This service with one route more, which sends message number `n` to the inboxes of `users`, or to a room.

const app = await buildApp(readSettings(process.env), await openLog(process.stdout))

app.get('/emit', async (request) => {
  const { n, users } = request.query as { n: string; users?: string }
  const message = { type: 'text', data: dataOf(Number(n)) }
  const inboxes = users?.split(',').map((id) => app.notify(id, message))
  await app.transaction({ steps: inboxes ? Object.assign({}, ...inboxes) : app.publish('room.1', message) })
  return { committedAt: performance.timeOrigin + performance.now() }
})

await app.listen({ host: '127.0.0.1', port: app.config.PORT, backlog: 4096 })
process.once('SIGTERM', () => void app.close())
