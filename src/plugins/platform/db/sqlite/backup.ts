import { closeSync, fsyncSync, openSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import BetterSqlite from 'better-sqlite3'

/** How many copies from before a migration are kept beside the file. */
const KEPT = 3

/** The file that the DB_URI of an SQLite database names. */
export function sqlitePath(uri: string) {
  return uri.replace(/^file:/, '')
}

function sync(file: string) {
  const handle = openSync(file, 'r+')
  fsyncSync(handle)
  closeSync(handle)
}

/**
 * Copies an SQLite file as it is at this moment: one read, however much is written meanwhile, that no writer waits for. The
 * copy has mode 0600, and its name only when it is whole, was checked and is on the disk. Throws where it cannot be.
 */
export function copySqlite(from: string, to: string) {
  const unfinished = `${to}.unfinished`
  rmSync(unfinished, { force: true })
  try {
    closeSync(openSync(unfinished, 'wx', 0o600))
    const source = new BetterSqlite(from, { readonly: true, fileMustExist: true })
    try {
      source.prepare('vacuum into ?').run(unfinished)
    } finally {
      source.close()
    }
    const copy = new BetterSqlite(unfinished, { readonly: true })
    const verdict = copy.pragma('integrity_check', { simple: true })
    copy.close()
    if (verdict !== 'ok') throw new Error(`The copy of ${from} is not intact`)
    sync(unfinished)
    renameSync(unfinished, to)
  } finally {
    rmSync(unfinished, { force: true })
  }
}

/** Copies the file to `….before-<n>`, n being the migration that comes next, and keeps the last of such copies only. */
export function copyBeforeMigration(path: string, next: number) {
  copySqlite(path, `${path}.before-${next}`)
  const prefix = `${basename(path)}.before-`
  const numbers = readdirSync(dirname(path))
    .filter((name) => name.startsWith(prefix))
    .map((name) => Number(name.slice(prefix.length)))
    .filter(Number.isInteger)
    .sort((a, b) => b - a)
  for (const old of numbers.slice(KEPT)) rmSync(join(dirname(path), `${prefix}${old}`))
}
