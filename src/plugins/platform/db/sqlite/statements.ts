import type BetterSqlite from 'better-sqlite3'
import { LruMap } from 'toad-cache'

const KEPT = 200

/** Keeps prepared statements: parsing a short one takes SQLite longer than running it. */
export function keepStatements(prepare: (source: string) => BetterSqlite.Statement) {
  const kept = new LruMap<BetterSqlite.Statement>(KEPT)
  return function prepareOnce(source: string) {
    const known = kept.get(source)
    // Its last user may have asked for rows as arrays.
    if (known) return known.reader ? known.raw(false) : known
    const statement = prepare(source)
    kept.set(source, statement)
    return statement
  }
}
