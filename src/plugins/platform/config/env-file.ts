import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { checkEnvFile, checkNames, findCutOff } from './env-warnings.ts'
import { OperatorError } from './operator-error.ts'
import { type Environment, InvalidSettings, settingNames } from './settings.ts'

const SECRET = /^(\w*(?:SECRET|ENCRYPTION)_KEY)=$/gm

/**
 * Merges `.env` into the environment, which wins unless a variable is empty. The very first start writes `.env` from
 * `.env.example` with new random keys and mode 0600, and prints a line. It does not if NODE_ENV=production or a key is set.
 */
export function loadEnvironment(
  environment: Environment,
  directory: string,
  print: (line: string) => void
): Environment {
  const envFile = join(directory, '.env')
  const exampleFile = join(directory, '.env.example')
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value?.trim()))
  if (given['NODE_ENV'] !== 'production' && !existsSync(envFile) && existsSync(exampleFile)) {
    const text = readFileSync(exampleFile, 'utf8')
    if (![...text.matchAll(SECRET)].some(([, name = '']) => name in given)) {
      const filled = text.replace(SECRET, (_, name) => `${name}=${randomBytes(48).toString('base64url')}`)
      explained(() => writeFileSync(envFile, filled, { mode: 0o600, flag: 'wx' }), 'written')
      print('First start: created .env from .env.example with new random keys')
    }
  }
  if (!existsSync(envFile)) return given
  const text = readEnvFile(envFile)
  const cutOff = findCutOff(text)
  if (cutOff) throw new InvalidSettings([`${cutOff} in .env has a #, which begins a comment: put the value in quotes`])
  return { ...parseEnv(text), ...given }
}

/** Warnings about what {@link loadEnvironment} reads: names and lines that have no effect. */
export function checkEnvironment(environment: Environment, directory: string): string[] {
  const envFile = join(directory, '.env')
  const text = existsSync(envFile) ? readEnvFile(envFile) : ''
  const given = Object.keys({ ...environment, ...parseEnv(text) })
  return [...checkEnvFile(text, settingNames()), ...checkNames(Object.keys(environment), given, settingNames())]
}

function readEnvFile(path: string) {
  const text = explained(() => readFileSync(path, 'utf8'), 'read')
  // Some editors write a BOM, and parseEnv would read it as part of the first name.
  return text.replace(/^\uFEFF/, '')
}

function explained<T>(work: () => T, done: string) {
  try {
    return work()
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    throw new OperatorError(`.env cannot be ${done} (${code}): check the permissions of the file and its folder`, {
      cause
    })
  }
}
