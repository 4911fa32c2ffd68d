import { setImmediate as nextTurn } from 'node:timers/promises'
import { buildApp } from '../../../src/app.ts'
import { readSettings } from '../../../src/plugins/platform/config/settings.ts'
import { addressOf, notify } from './client.ts'

// A replica that sends one message after the other to a user, until somebody kills it. Its parent gives the settings and the user.
const [environment = '{}', userId = ''] = process.argv.slice(2)
const app = await buildApp(readSettings(JSON.parse(environment)))
process.stdout.write(`${await addressOf(app)}\n`)
process.stdin.once('data', async () => {
  for (let i = 0; ; i++) {
    await notify(app, userId, `${i}`)
    // SQLite answers synchronously; let the streams run.
    await nextTurn()
  }
})
