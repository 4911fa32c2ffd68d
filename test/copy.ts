import { spawn } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import type { Test } from 'tap'

const ROOT = join(import.meta.dirname, '..')
const LEFT_OUT = /^(node_modules|\.git|\.tap|\.env|dist|.*\.db.*)$/

/** Copies the project to a temporary folder. The copy shares the packages of the original. */
export function copyProject(t: Test) {
  const copy = mkdtempSync(join(tmpdir(), 'starter-copy-'))
  t.teardown(() => rmSync(copy, { recursive: true, force: true }))
  const filter = (path: string) => !LEFT_OUT.test(basename(path))
  for (const name of readdirSync(ROOT).filter(filter))
    cpSync(join(ROOT, name), join(copy, name), { recursive: true, filter })
  for (const folder of ['.', 'client'])
    symlinkSync(join(ROOT, folder, 'node_modules'), join(copy, folder, 'node_modules'))
  return copy
}

/** Runs a file of the copy with Node. Returns the exit code and the output. */
export async function run(cwd: string, ...words: string[]) {
  // A template database of this run lacks the tables of a new resource; CI refuses tests that are skipped for want of a part.
  const { NODE_OPTIONS: _, TAP: __, TEST_POSTGRES_URL: ___, CI: ____, ...env } = process.env
  const child = spawn(process.execPath, words, { cwd, env: { ...env, TAP_TIMEOUT: '900' }, timeout: 900_000 })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text))
  const status = await new Promise((resolve) => child.on('close', resolve))
  return { status, output }
}
