import { start } from 'node:repl'
import * as drizzle from '../src/plugins/platform/db/drizzle.ts'
import { createNotes } from '../src/routes/notes/notes.ts'
import { openApp } from './open-app.ts'
import { print, runCommand } from './shell.ts'

await runCommand('npm run console    a REPL with the app and its queries', {}, async () => {
  const app = await openApp()
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
  print(`In scope: ${Object.keys(context).join(', ')}\nTry: await repositories.users.findByName('ada')`)
  const repl = start({ prompt: 'app> ' })
  Object.assign(repl.context, context)
  repl.on('exit', () => void app.close().then(() => process.exit()))
})
