import { closeSync, fsyncSync, openSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import BetterSqlite from 'better-sqlite3'

/** How many copies from before a migration are kept. */
const KEPT = 3

/**
 * Copies an SQLite file by `vacuum into`: one consistent read that blocks no writer (decision 0045). The copy has mode 0600, and appears
 * under its name only once it is complete, checked and on disk.
 */
export function copySqlite(from: string, to: string) {
  const unfinished = `${to}.unfinished`
  rmSync(unfinished, { force: true })
  const handle = openSync(unfinished, 'wx+', 0o600)
  try {
    const source = new BetterSqlite(from, { readonly: true, fileMustExist: true })
    try {
      source.prepare('vacuum into ?').run(unfinished)
    } finally {
      source.close()
    }
    const copy = new BetterSqlite(unfinished, { readonly: true })
    const verdict = copy.pragma('integrity_check', { simple: true })
    copy.close()
    if (verdict !== 'ok') throw new Error(`The copy of ${from} is corrupt`)
    fsyncSync(handle)
    renameSync(unfinished, to)
  } finally {
    closeSync(handle)
    rmSync(unfinished, { force: true })
  }
}

/** Copies the file to `….before-<n>`, where n counts the migrations applied so far, and deletes all but the latest such copies. */
export function copyBeforeMigration(path: string, applied: number) {
  copySqlite(path, `${path}.before-${applied}`)
  const prefix = `${basename(path)}.before-`
  const numbers = readdirSync(dirname(path))
    .filter((name) => name.startsWith(prefix))
    .map((name) => Number(name.slice(prefix.length)))
    .filter(Number.isInteger)
    .sort((a, b) => b - a)
  for (const old of numbers.slice(KEPT)) rmSync(join(dirname(path), `${prefix}${old}`))
}
