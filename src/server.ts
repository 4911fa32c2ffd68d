import closeWithGrace from 'close-with-grace'
import { buildApp } from './app.ts'
import { loadEnvironment } from './plugins/platform/config/env-file.ts'
import { InvalidSettings, readSettings } from './plugins/platform/config/settings.ts'
import { openLog } from './plugins/platform/logging/logger.ts'
import { serializeError } from './plugins/platform/logging/serializers.ts'

/** How long requests in flight may take to finish when the service stops. */
const DRAIN_MS = 10_000
const parent = process.ppid

// A closed log reader must not crash the service: the log output handles that.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
const print = (line: string) => process.stdout.write(`${line}\n`)
// Pino accepts an object here, although Fastify's type says string.
const startupLine = (address: string) =>
  ({ event: 'sys_startup', address, msg: `listening at ${address}` }) as unknown as string

/** Starts listening. If that fails, prints the error without secrets and exits. */
async function start() {
  try {
    const settings = readSettings(loadEnvironment(process.env, process.cwd(), print))
    const log = await openLog(process.stdout)
    process.on('exit', () => log.flushSync())
    const app = await buildApp(settings, log)
    await app.listen({ host: settings.HOST, port: settings.PORT, listenTextResolver: startupLine })
    return app
  } catch (error) {
    const { type, code, message, stack } = serializeError(error)
    const hint = error instanceof InvalidSettings ? 'Every setting is explained in .env.example' : stack
    process.stderr.write(`Could not start: ${message || `${type} ${code}`}\n${hint}\n`)
    process.exit(1)
  }
}

const app = await start()
const delayMs = app.config.SHUTDOWN_DELAY * 1000

const { close } = closeWithGrace(
  { delay: delayMs + DRAIN_MS, logger: { error: (err) => app.log.error({ err }, 'stopped') } },
  async ({ signal, err }) => {
    if (err) app.log.fatal({ event: 'sys_crash', err }, 'uncaught error')
    app.log.info({ event: 'sys_shutdown', signal }, 'stopping')
    // The load balancer sees this in /readyz and stops sending requests. Requests that still arrive are served.
    app.lifecycle.isStopping = true
    if (!err) await new Promise((resolve) => setTimeout(resolve, delayMs))
    // Node also waits for open connections without a request.
    const cut = setTimeout(() => app.server.closeAllConnections(), DRAIN_MS - 1000)
    await app.close()
    clearTimeout(cut)
  }
)

// With `npm start`, SIGTERM only reaches the shell that npm started, so watch for the end of that shell.
if (process.env['npm_lifecycle_event'] === 'start') {
  const watch = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(watch)
    if (!app.lifecycle.isStopping) close()
  }, 500)
  watch.unref()
}
