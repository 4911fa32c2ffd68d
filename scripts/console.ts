import { start } from 'node:repl'
import { buildApp } from '../src/app.ts'
import { loadEnvironment } from '../src/plugins/platform/config/env-file.ts'
import { readSettings } from '../src/plugins/platform/config/settings.ts'
import * as drizzle from '../src/plugins/platform/db/drizzle.ts'
import { createNotes } from '../src/routes/notes/notes.ts'

// npm run console: a REPL with the app and its queries
const settings = readSettings(loadEnvironment(process.env, process.cwd(), (line) => process.stdout.write(`${line}\n`)))
const app = await buildApp({ ...settings, LOG_LEVEL: 'warn' })
await app.ready()

const { db, tables, users, sessions, revocations } = app
const context = {
  app,
  db,
  tables,
  revocations,
  repositories: {
    users,
    sessions,
    notes: createNotes(db, tables)
  },
  ...drizzle
}
process.stdout.write(`In scope: ${Object.keys(context).join(', ')}\nTry: await repositories.users.findByName('ada')\n`)
const repl = start({ prompt: 'app> ' })
Object.assign(repl.context, context)
repl.on('exit', () => void app.close().then(() => process.exit()))
