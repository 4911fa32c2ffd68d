import type { FastifyInstance } from 'fastify'
import { OperatorError } from '../src/plugins/platform/config/operator-error.ts'

// What the commands that manage accounts share.

/** Prints lines and reads passwords. */
export type Terminal = { print: (line: string) => void; readPassword: () => Promise<string> }
export type Options = { login?: string | undefined; all?: boolean | undefined }
export type Command = (app: FastifyInstance, terminal: Terminal, words: string[], options: Options) => Promise<void>

/** A line for a terminal, without control characters: in names that users chose, they could move the cursor or hide text. */
export const visible = (...cells: (string | null)[]) => cells.join('  ').replace(/[\p{Cc}\p{Bidi_Control}]/gu, '')

export async function findUser({ users }: Pick<FastifyInstance, 'users'>, name = '') {
  const user = await users.findByName(name)
  if (user === null) throw new OperatorError(`No account has the username or email address ${name}`)
  return user
}
