import { createServer } from 'node:http'
import { betterAuth } from 'better-auth'
import { getMigrations } from 'better-auth/db/migration'
import { fromNodeHeaders, toNodeHandler } from 'better-auth/node'
import Database from 'better-sqlite3'
import { WHOAMI } from './replies.ts'

// better-auth on SQLite: its own session route through its Node handler, and its API with our reply.

const port = Number(process.env['PORT'])
const options = {
  database: new Database(process.env['DB_FILE']),
  baseURL: `http://127.0.0.1:${port}`,
  secret: 'a secret with a length of more than thirty-two characters',
  emailAndPassword: { enabled: true },
  rateLimit: { enabled: false },
  telemetry: { enabled: false }
}
await (await getMigrations(options)).runMigrations()
const auth = betterAuth(options)
const handle = toNodeHandler(auth)

createServer(async (request, response) => {
  if (request.url !== '/whoami/cookie') return void handle(request, response)
  const found = await auth.api.getSession({ headers: fromNodeHeaders(request.headers) })
  const reply = JSON.stringify({ ...WHOAMI, userId: found?.user.id })
  response.writeHead(found ? 200 : 401, { 'content-type': 'application/json' }).end(reply)
}).listen(port, '127.0.0.1')
