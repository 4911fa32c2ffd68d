import { OperatorError } from '../config/operator-error.ts'
import { explainCode, explainConnection } from '../errors/network.ts'

/** What is wrong and how to fix it, by the code of a driver's error. The text follows the name of a setting or a file. */
const FAULTS: [code: RegExp, text: string][] = [
  [
    /^28P01$/,
    'has a user name or password that PostgreSQL rejects: correct it, and percent-encode special characters in it'
  ],
  [
    /^28000$/,
    'names a role that PostgreSQL does not let in: check that it exists, may log in, and is admitted from here by pg_hba.conf'
  ],
  [/^3D000$/, 'names a database that does not exist: create it, or correct the name'],
  [/^42501$/, 'names a role that lacks rights in schema drizzle or public: docs/operations.md has the grants'],
  [/^53300$/, 'leads to a server that has no more connections: lower DB_POOL_MAX, or raise its max_connections'],
  [/^25006$/, 'leads to a server that accepts no writes: name the primary, not a standby'],
  [/^57P0[123]$/, 'leads to a server that is starting or stopping: wait, and check its log if this lasts'],
  [/^(ENOENT|ENOTDIR)$/, 'names a file in a folder that does not exist: create the folder, or correct the path'],
  [/^EISDIR$/, 'names a folder: add the name of a file, such as app.db'],
  [
    /^(EACCES|EPERM|EROFS|SQLITE_(CANTOPEN|READONLY|PERM).*)$/,
    'names a file that this user cannot write, or a folder in which it cannot: correct the permissions, or the path'
  ],
  [
    /^SQLITE_(NOTADB|CORRUPT.*)$/,
    'names a file that is damaged or not an SQLite database: correct the path, or restore a backup'
  ],
  [/^SQLITE_(BUSY|LOCKED)/, 'names an SQLite file that another process has locked: stop that process'],
  [/^(SQLITE_FULL|ENOSPC)$/, 'names a file on a disk that is full: free some space'],
  [
    /^(SQLITE_IOERR.*|E(IO|NAMETOOLONG|LOOP|MFILE|NFILE|NXIO|BUSY))$/,
    'names a file that cannot be opened: check its path and its disk'
  ]
]

/** One sentence about an error of a database driver, with its code but nothing that it quotes; null for any other error. */
export const explain = (error: unknown, subject = 'DB_URI') =>
  explainConnection(error, subject) ?? explainCode(error, FAULTS, subject)

/** Runs work on a database; an error that can be explained becomes an OperatorError. */
export async function explained<T>(work: () => T | Promise<T>, subject?: string) {
  try {
    return await work()
  } catch (error) {
    const text = explain(error, subject)
    throw text === null ? error : new OperatorError(text, { cause: error })
  }
}
