import Fastify from 'fastify'
import apiTokens from './features/api-tokens/index.ts'
import channels from './features/channels/index.ts'
import events from './features/events/index.ts'
import mail from './features/mail/index.ts'
import metrics from './features/metrics/index.ts'
import oidc from './features/oidc/index.ts'
import passkeys from './features/passkeys/index.ts'
import realtime from './features/realtime/index.ts'
import recovery from './features/recovery/index.ts'
import roles from './features/roles/index.ts'
import secondFactor from './features/second-factor/index.ts'
import storage from './features/storage/index.ts'
import tracing from './features/tracing/index.ts'
import body from './plugins/http/body/index.ts'
import compress from './plugins/http/compress/index.ts'
import cookies from './plugins/http/cookies/index.ts'
import cors from './plugins/http/cors/index.ts'
import docs from './plugins/http/docs/index.ts'
import headers from './plugins/http/headers/index.ts'
import health from './plugins/http/health/index.ts'
import loadShedding from './plugins/http/load-shedding/index.ts'
import notFound from './plugins/http/not-found/index.ts'
import rateLimit from './plugins/http/rate-limit/index.ts'
import router from './plugins/http/router/index.ts'
import writeBatching from './plugins/http/write-batching/index.ts'
import auth from './plugins/identity/auth/index.ts'
import blocklist from './plugins/identity/blocklist/index.ts'
import jwt from './plugins/identity/jwt/index.ts'
import session from './plugins/identity/session/index.ts'
import throttle from './plugins/identity/throttle/index.ts'
import tickets from './plugins/identity/tickets/index.ts'
import users from './plugins/identity/users/index.ts'
import audit from './plugins/platform/audit/index.ts'
import cleanup from './plugins/platform/cleanup/index.ts'
import config from './plugins/platform/config/index.ts'
import type { Settings } from './plugins/platform/config/settings.ts'
import db from './plugins/platform/db/index.ts'
import errors from './plugins/platform/errors/index.ts'
import logging from './plugins/platform/logging/index.ts'
import redis from './plugins/platform/redis/index.ts'
import timeBudget from './plugins/platform/time-budget/index.ts'
import routes from './routes/index.ts'
import { serverOptions } from './server-options.ts'
import * as tables from './tables.ts'

/** Builds the service, ready to listen. Plugins load in this order. The log goes to `logStream`. */
export async function buildApp(settings: Settings, logStream?: { write(line: string): void }) {
  const app = Fastify(serverOptions(settings, logStream))
  // Platform: what everything else stands on
  await app.register(config, { settings })
  await app.register(errors)
  await app.register(logging)
  await app.register(tracing)
  await app.register(timeBudget)
  await app.register(db, { tables })
  await app.register(redis)
  await app.register(cleanup)
  await app.register(audit)
  await app.register(metrics)
  // HTTP: what every request and reply passes through
  await app.register(writeBatching)
  await app.register(headers)
  await app.register(cors)
  await app.register(loadShedding)
  await app.register(compress)
  await app.register(rateLimit)
  await app.register(body)
  await app.register(notFound)
  await app.register(router)
  await app.register(cookies)
  await app.register(health)
  // Identity: who is asking; each strategy adds itself to app.strategies
  await app.register(throttle)
  await app.register(users)
  await app.register(tickets)
  await app.register(auth)
  await app.register(session) // cookie sessions
  await app.register(blocklist) // revoked sessions
  await app.register(jwt) // access and refresh tokens
  // Features: optional, and one command removes each
  await app.register(mail)
  await app.register(recovery)
  await app.register(events) // each user's security activity
  await app.register(secondFactor)
  await app.register(passkeys)
  await app.register(oidc)
  await app.register(apiTokens)
  await app.register(realtime) // notifications
  await app.register(channels) // WebSockets
  await app.register(storage) // files of users
  await app.register(roles) // after every other gate
  await app.register(docs)
  // Your routes, and those that the plugins handed in
  await app.register(routes)
  return app
}
