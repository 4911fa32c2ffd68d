import { OperatorError } from '../config/operator-error.ts'
import { explain } from './explain.ts'
import type { Migration } from './types.ts'

const CURES: [reason: RegExp, cure: string][] = [
  [
    /not.null|null values/i,
    'A new column needs a default if the table has rows: add one in tables.ts and in this file'
  ],
  [/unique/i, 'Rows have a value that must be unique: change these rows first, in this file'],
  [/foreign key/i, 'Rows refer to rows that do not exist: delete these rows first, in this file']
]

/** What a database said, without the values of rows: PostgreSQL quotes some in errors of class 22. */
function reasonOf({ code = '', message }: { code?: string; message: string }) {
  if (/^22\w{3}$/.test(code)) return `a value does not fit (${code})`
  return /^(SQLITE_\w+|[0-9A-Z]{5})$/.test(code) ? message : null
}

/** An error of a statement in a migration, with the file and the cure; the same error if the statement is not to blame. */
export function explainMigration({ file = 'A migration' }: Migration, error: unknown) {
  const reason = error instanceof Error && explain(error) === null ? reasonOf(error) : null
  if (reason === null) return error
  const [, cure = 'Correct the file'] = CURES.find(([pattern]) => pattern.test(reason)) ?? []
  return new OperatorError(`${file} failed, so no migration was applied: ${reason}. ${cure}`, { cause: error })
}
