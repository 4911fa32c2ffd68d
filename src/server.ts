import './preload.cjs'
import closeWithGrace from 'close-with-grace'
import { buildApp } from './app.ts'
import { checkEnvironment, loadEnvironment } from './plugins/platform/config/env-file.ts'
import { explainListen } from './plugins/platform/config/listen.ts'
import { OperatorError } from './plugins/platform/config/operator-error.ts'
import { InvalidSettings, readSettings } from './plugins/platform/config/settings.ts'
import { openLog } from './plugins/platform/logging/logger.ts'
import { serializeError } from './plugins/platform/logging/serializers.ts'

/** How long requests in flight may take to finish when the service stops. */
const DRAIN_MS = 10_000
/** How many connections may wait to be accepted: after a restart, all clients come back at once. The kernel may allow fewer. */
const BACKLOG = 4096
const parent = process.ppid
const INSECURE_COOKIES =
  'COOKIE_SECURE=false, although NODE_ENV=production: cookies also travel over plain HTTP. Set COOKIE_SECURE=true'

// A closed log reader must not crash the service: the log output handles that.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
const print = (line: string) => process.stdout.write(`${line}\n`)
// Pino accepts an object here, although Fastify's type says string.
const startupLine = (address: string) =>
  ({ event: 'sys_startup', address, msg: `listening at ${address}` }) as unknown as string

/** Why the service does not start, without secrets: one line for what the operator can fix, a stack for anything else. */
function explainStart(error: unknown) {
  const text = error instanceof OperatorError ? error.message : explainListen(error, { host: 'HOST', port: 'PORT' })
  if (error instanceof InvalidSettings) return `${text}\nEvery setting is explained in .env.example`
  const { type, code, message, stack } = serializeError(error)
  return text ?? `${message || `${type} ${code}`}\n${stack}`
}

/** Starts listening. If that fails, prints why and exits. */
async function start() {
  const warnings: string[] = []
  try {
    const environment = loadEnvironment(process.env, process.cwd(), print)
    warnings.push(...checkEnvironment(process.env, process.cwd()))
    const settings = readSettings(environment)
    if (process.env['NODE_ENV'] === 'production' && !settings.COOKIE_SECURE) warnings.push(INSECURE_COOKIES)
    const log = await openLog(process.stdout)
    process.on('exit', () => log.flushSync())
    const app = await buildApp(settings, log)
    for (const warning of warnings) app.log.warn(warning)
    await app.listen({ host: settings.HOST, port: settings.PORT, backlog: BACKLOG, listenTextResolver: startupLine })
    return app
  } catch (error) {
    process.stderr.write(`${[`Could not start: ${explainStart(error)}`, ...warnings].join('\n')}\n`)
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
