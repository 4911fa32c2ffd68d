import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import type { Environment } from './settings.ts'

const SECRET = /^(\w*SECRET_KEY)=$/gm

/**
 * The environment, with what `.env` adds to it; the environment wins where it is not empty. On the very first start, without
 * `.env`, secrets or NODE_ENV=production, `.env` is made from `.env.example` with fresh random keys, mode 0600, and `say` is
 * told so.
 */
export function loadEnvironment(environment: Environment, directory: string, say: (line: string) => void): Environment {
  const file = join(directory, '.env')
  const example = join(directory, '.env.example')
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value?.trim()))
  if (given['NODE_ENV'] !== 'production' && !existsSync(file) && existsSync(example)) {
    const text = readFileSync(example, 'utf8')
    if (![...text.matchAll(SECRET)].some(([, name = '']) => name in given)) {
      const filled = text.replace(SECRET, (_, name) => `${name}=${randomBytes(48).toString('base64url')}`)
      writeFileSync(file, filled, { mode: 0o600, flag: 'wx' })
      say('First start: wrote .env with fresh random keys (from .env.example)')
    }
  }
  if (!existsSync(file)) return given
  // Some editors write a BOM, which parseEnv would take for a part of the first name.
  return { ...parseEnv(readFileSync(file, 'utf8').replace(/^\uFEFF/, '')), ...given }
}
