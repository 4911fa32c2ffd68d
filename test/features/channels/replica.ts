import { buildApp } from '../../../src/app.ts'
import { readSettings } from '../../../src/plugins/platform/config/settings.ts'
import { addressOf } from '../realtime/client.ts'

// A replica with a channel, until somebody kills it. Its parent gives the settings.
const app = await buildApp(readSettings(JSON.parse(process.argv[2] ?? '{}')))
app.defineChannel('open.:id', { durable: true, join: () => true, publish: (_params, _owner, message) => message })
process.stdout.write(`${await addressOf(app)}\n`)
