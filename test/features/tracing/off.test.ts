import { createRequire } from 'node:module'
import t from 'tap'
import { build, logIn } from '../../build.ts'
import { freshFolder, settled, start } from '../../process.ts'

t.test('without an endpoint, OpenTelemetry is not loaded', async (t) => {
  const app = await build(t)
  await logIn(app, 'ada')
  const loaded = Object.keys(createRequire(import.meta.url).cache)
  t.ok(
    loaded.some((path) => path.includes('node_modules/fastify/')),
    'what is loaded can be seen'
  )
  t.notOk(loaded.some((path) => path.includes('opentelemetry') || path.includes('@fastify/otel')))
})

t.test('an endpoint without the packages stops the start and says what to install', async (t) => {
  const absent = `import { registerHooks } from 'node:module'
    registerHooks({ resolve(name, context, next) {
      if (name !== '@fastify/otel') return next(name, context)
      throw Object.assign(new Error('Cannot find it'), { code: 'ERR_MODULE_NOT_FOUND' })
    } })`
  const server = await start(t, freshFolder(t), {
    ...settled,
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318',
    NODE_OPTIONS: `--import "data:text/javascript;base64,${Buffer.from(absent).toString('base64')}"`
  })
  t.equal(await server.exited, 1)
  t.match(server.output(), 'Could not start: OTEL_EXPORTER_OTLP_ENDPOINT is set, but its packages are not installed')
})
