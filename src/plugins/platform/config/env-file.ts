import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import type { Environment } from './settings.ts'

const SECRET = /^(\w*SECRET_KEY)=$/gm

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
      writeFileSync(envFile, filled, { mode: 0o600, flag: 'wx' })
      print('First start: created .env from .env.example with new random keys')
    }
  }
  if (!existsSync(envFile)) return given
  // Some editors write a BOM, and parseEnv would read it as part of the first name.
  return { ...parseEnv(readFileSync(envFile, 'utf8').replace(/^\uFEFF/, '')), ...given }
}
