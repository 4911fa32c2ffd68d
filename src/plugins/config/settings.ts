import { authEnv } from '../auth/env.ts'
import { cookiesConflict, cookiesEnv } from '../cookies/env.ts'
import { corsEnv } from '../cors/env.ts'
import { dbConflict, dbEnv } from '../db/env.ts'
import { docsEnv } from '../docs/env.ts'
import { eventsEnv } from '../events/env.ts'
import { headersEnv } from '../headers/env.ts'
import { jwtEnv } from '../jwt/env.ts'
import { loggingEnv } from '../logging/env.ts'
import { metricsConflict, metricsEnv } from '../metrics/env.ts'
import { overloadEnv } from '../overload/env.ts'
import { rateLimitConflict, rateLimitEnv } from '../rate-limit/env.ts'
import { redisEnv } from '../redis/env.ts'
import { sessionEnv } from '../session/env.ts'
import { tracingEnv } from '../tracing/env.ts'
import { usersEnv } from '../users/env.ts'
import { configEnv } from './env.ts'
import type { Kind, Values } from './kinds.ts'

/** Every setting, in the order of app.ts and of .env.example. */
export const settingKinds = {
  ...configEnv,
  ...loggingEnv,
  ...tracingEnv,
  ...dbEnv,
  ...redisEnv,
  ...eventsEnv,
  ...metricsEnv,
  ...headersEnv,
  ...corsEnv,
  ...overloadEnv,
  ...rateLimitEnv,
  ...cookiesEnv,
  ...usersEnv,
  ...authEnv,
  ...sessionEnv,
  ...jwtEnv,
  ...docsEnv
}

/** The validated settings, frozen: durations in seconds, lists as arrays, what is not set as null. */
export type Settings = Readonly<Values<typeof settingKinds>>
/** The variables of a process; an empty one counts as not set. */
export type Environment = Readonly<Record<string, string | undefined>>

/** The settings cannot be used. Each fault names its setting and never quotes its value. */
export class InvalidSettings extends Error {
  readonly faults: readonly string[]

  constructor(faults: string[]) {
    super(`Invalid settings:\n${faults.map((fault) => `  ${fault}`).join('\n')}`)
    this.name = 'InvalidSettings'
    this.faults = faults
  }
}

function readOne(name: string, kind: Kind, environment: Environment) {
  const text = environment[name]?.trim() || kind.fallback
  if (text === undefined) return { fault: `${name} is required: it ${kind.fault}` }
  const value = text === null ? null : kind.parse(text)
  return value === undefined ? { fault: `${name} ${kind.fault}` } : { value: Object.freeze(value) }
}

/** Two settings must never hold the same key: what one leaks, the other would accept. */
function findSharedKeys(settings: Settings) {
  const secrets = Object.entries(settings).filter(([name]) => name.endsWith('SECRET_KEY'))
  const keys = secrets.flatMap(([, list]) => list ?? [])
  return new Set(keys).size < keys.length ? `${secrets.map(([name]) => name).join(' and ')} must not share a key` : null
}

/** Rules that concern more than one setting: each gives a fault or null. A setting at fault is undefined there. */
const conflicts: ((settings: Settings) => string | null)[] = [
  findSharedKeys,
  dbConflict, // parameters of DB_URI
  metricsConflict, // its port is its own
  rateLimitConflict, // shared needs Redis
  cookiesConflict // SameSite=None needs Secure
]

/** Reads and checks every setting; throws {@link InvalidSettings} with all faults at once. */
export function readSettings(environment: Environment): Settings {
  const read = Object.entries(settingKinds).map(([name, kind]) => ({ name, ...readOne(name, kind, environment) }))
  const settings = Object.fromEntries(read.map(({ name, value }) => [name, value])) as Settings
  const faults = [...read.map(({ fault }) => fault), ...conflicts.map((conflict) => conflict(settings))].flatMap(
    (fault) => fault ?? []
  )
  if (faults.length > 0) throw new InvalidSettings(faults)
  return Object.freeze(settings)
}
