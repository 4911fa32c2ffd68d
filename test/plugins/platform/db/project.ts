import { spawn } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import type { Test } from 'tap'
import { type databases, testEnvironment } from '../../../build.ts'

export const ROOT = join(import.meta.dirname, '../../../..')
const BIN = join(ROOT, 'node_modules/.bin')
export const COUNT = readdirSync(join(ROOT, 'drizzle/sqlite')).filter((name) => name.endsWith('.sql')).length
export const APPLIED = `Applied ${COUNT} migrations\n`

/** A folder with what drizzle-kit and `npm run db:migrate` need, without `.env`, removed when the test ends. */
export function copyProject(t: Test) {
  const folder = mkdtempSync(join(tmpdir(), 'starter-migrations-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  for (const part of ['src', 'scripts', 'drizzle', 'drizzle.config.ts', 'package.json']) {
    cpSync(join(ROOT, part), join(folder, part), { recursive: true })
  }
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  return folder
}

/** Runs a command there; gives its exit code and all that it printed. */
export async function run(folder: string, DB_URI: string, ...[command = '', ...words]: string[]) {
  const { SECRET_KEY, JWT_SECRET_KEY } = testEnvironment
  const PATH = `${BIN}${delimiter}${process.env['PATH']}`
  // Without NODE_OPTIONS: under `tap FILE` it loads the test runner into every process.
  const env = { HOME: process.env['HOME'], PATH, SECRET_KEY, JWT_SECRET_KEY, DB_URI }
  const child = spawn(command, words, { cwd: folder, env, timeout: 30_000 })
  let printed = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (printed += data))
  const code = await new Promise((resolve) => child.on('close', resolve))
  return { code, printed }
}

/** A new, empty database, which an app of the test finds again. */
export const freshUri = async (folder: string, database: (typeof databases)[number]) =>
  database.isPostgres ? database.emptyUri() : `file:${folder}/app.db`

export const migrate = (folder: string, uri: string) => run(folder, uri, 'node', 'scripts/migrate.ts')
