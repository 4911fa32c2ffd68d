import Fastify from 'fastify'
import { serverOptions } from './options.ts'
import auth from './plugins/auth/index.ts'
import blocklist from './plugins/blocklist/index.ts'
import compress from './plugins/compress/index.ts'
import config from './plugins/config/index.ts'
import type { Settings } from './plugins/config/settings.ts'
import cookies from './plugins/cookies/index.ts'
import cors from './plugins/cors/index.ts'
import db from './plugins/db/index.ts'
import deadline from './plugins/deadline/index.ts'
import docs from './plugins/docs/index.ts'
import errors from './plugins/errors/index.ts'
import events from './plugins/events/index.ts'
import headers from './plugins/headers/index.ts'
import health from './plugins/health/index.ts'
import input from './plugins/input/index.ts'
import jwt from './plugins/jwt/index.ts'
import logging from './plugins/logging/index.ts'
import methods from './plugins/methods/index.ts'
import metrics from './plugins/metrics/index.ts'
import overload from './plugins/overload/index.ts'
import rateLimit from './plugins/rate-limit/index.ts'
import redis from './plugins/redis/index.ts'
import session from './plugins/session/index.ts'
import sweep from './plugins/sweep/index.ts'
import throttle from './plugins/throttle/index.ts'
import tracing from './plugins/tracing/index.ts'
import users from './plugins/users/index.ts'
import routes from './routes/index.ts'

/** The service, ready to listen. The order of the lines is the order of loading. `logStream`: where the log goes. */
export async function buildApp(settings: Settings, logStream?: { write(line: string): void }) {
  const app = Fastify(serverOptions(settings, logStream))
  // Foundations
  await app.register(config, { settings })
  await app.register(errors)
  await app.register(logging)
  await app.register(tracing)
  await app.register(deadline)
  await app.register(db)
  await app.register(redis)
  await app.register(sweep)
  await app.register(events)
  await app.register(metrics)
  // What every request and reply passes through
  await app.register(headers)
  await app.register(cors)
  await app.register(overload)
  await app.register(compress)
  await app.register(rateLimit)
  await app.register(input)
  await app.register(methods)
  await app.register(cookies)
  // Who is asking? Each strategy adds itself to app.strategies
  await app.register(throttle)
  await app.register(users)
  await app.register(auth)
  await app.register(session) // logins by cookie
  await app.register(blocklist) // revoked logins
  await app.register(jwt) // logins by token
  // What we answer: health and reference, the routes of the concerns, then yours
  await app.register(health)
  await app.register(docs)
  await app.register(routes)
  return app
}
