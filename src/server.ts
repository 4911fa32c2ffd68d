import closeWithGrace from 'close-with-grace'
import { buildApp } from './app.ts'
import { loadEnvironment } from './plugins/config/env-file.ts'
import { InvalidSettings, readSettings } from './plugins/config/settings.ts'
import { terminalStream } from './plugins/logging/logger.ts'

/** What a request that is being answered may still take when the service stops, in ms. */
const DRAIN_MS = 10_000

function readOrExit() {
  try {
    return readSettings(loadEnvironment(process.env, process.cwd(), (line) => process.stdout.write(`${line}\n`)))
  } catch (error) {
    if (!(error instanceof InvalidSettings)) throw error
    process.stderr.write(`${error.message}\nEvery setting is explained in .env.example\n`)
    process.exit(1)
  }
}

const settings = readOrExit()
const app = await buildApp(settings, await terminalStream(process.stdout.isTTY))
const delayMs = settings.SHUTDOWN_DELAY * 1000

closeWithGrace(
  { delay: delayMs + DRAIN_MS, logger: { error: (err) => app.log.error({ err }, 'stopped') } },
  async ({ signal, err }) => {
    if (err) app.log.fatal({ event: 'sys_crash', err }, 'uncaught error')
    app.log.info({ event: 'sys_shutdown', signal }, 'stopping')
    // The load balancer sees it and sends no more, while what comes is still served.
    app.lifecycle.isStopping = true
    if (!err) await new Promise((resolve) => setTimeout(resolve, delayMs))
    await app.close()
  }
)

try {
  const address = await app.listen({ host: settings.HOST, port: settings.PORT, listenTextResolver: () => '' })
  app.log.info({ event: 'sys_startup', address }, `listening at ${address}`)
} catch (err) {
  app.log.fatal({ event: 'sys_crash', err }, 'could not listen')
  process.exitCode = 1
  await app.close()
}
