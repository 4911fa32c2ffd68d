import { OperatorError } from './operator-error.ts'
import type { SettingType } from './setting-types.ts'

/**
 * The validated, frozen settings. Durations are in seconds, lists are arrays, and `null` means not set. Each concern declares
 * its own in `env.ts`.
 */
// biome-ignore lint/suspicious/noEmptyInterface: concerns add their settings by declaration merging
export interface Settings {}

/** The values of declared settings. */
export type Values<T extends Record<string, SettingType<unknown>>> = {
  readonly [K in keyof T]: T[K] extends SettingType<infer Value> ? Value : never
}
/** Checks several settings together: returns the problem or null. A setting that is invalid itself is undefined here. */
type Conflict = (settings: Settings) => string | null
/** The environment variables of a process. An empty one counts as not set. */
export type Environment = Readonly<Record<string, string | undefined>>

/** Every declared setting, by name. */
export const settingTypes: Record<string, SettingType<unknown>> = {}
const conflicts: Conflict[] = [findSharedKeys]

/** Declares the settings of a concern by the names of their environment variables. */
export function defineSettings<T extends Record<string, SettingType<unknown>>>(types: T) {
  Object.assign(settingTypes, types)
  return types
}

/** Declares a check of several settings together. */
export const defineConflict = (conflict: Conflict) => void conflicts.push(conflict)

/** The names of all declared settings. */
export const settingNames = () => Object.keys(settingTypes)

/** Some settings are invalid. Each fault names its setting and never quotes the value. */
export class InvalidSettings extends OperatorError {
  override name = 'InvalidSettings'
  readonly faults: readonly string[]

  constructor(faults: string[]) {
    super(faults.length === 1 ? faults[0] : `Invalid settings:\n${faults.map((fault) => `  ${fault}`).join('\n')}`)
    this.faults = faults
  }
}

function readOne(name: string, { parse, fallback, fault, explain }: SettingType<unknown>, environment: Environment) {
  const text = environment[name]?.trim() || fallback
  if (text === undefined) return { fault: `${name} is required: it ${fault}` }
  const value = text === null ? null : parse(text)
  if (value !== undefined) return { value: Object.freeze(value) }
  return { fault: `${name} ${explain?.(text ?? '') ?? fault}` }
}

/** Two settings must not share a key: a leak of one would let an attacker forge or read what the other protects. */
function findSharedKeys(settings: Settings) {
  const lists = Object.entries(settings).filter(([name]) => /(SECRET|ENCRYPTION)_KEY$/.test(name))
  const keys: string[] = lists.flatMap(([, list]) => list ?? [])
  const isShared = (key: string) => keys.indexOf(key) !== keys.lastIndexOf(key)
  const sharing = lists.filter(([, list]) => list?.some(isShared)).map(([name]) => name)
  return sharing.length > 0 ? `${sharing.join(' and ')} must not share a key` : null
}

/** Reads and checks all declared settings. Throws {@link InvalidSettings} with all faults at once. */
export function readSettings(environment: Environment): Settings {
  const read = Object.entries(settingTypes).map(([name, type]) => ({ name, ...readOne(name, type, environment) }))
  const settings = Object.fromEntries(read.map(({ name, value }) => [name, value])) as unknown as Settings
  const faults = [...read.map(({ fault }) => fault), ...conflicts.map((conflict) => conflict(settings))].flatMap(
    (fault) => fault ?? []
  )
  if (faults.length > 0) throw new InvalidSettings(faults)
  return Object.freeze(settings)
}
