import type { Test } from 'tap'
import { commands } from '../../scripts/users-commands.ts'
import type { Options } from '../../scripts/users-shell.ts'
import { build, testEnvironment } from '../build.ts'
import { freshFolder } from '../process.ts'

/** A running service, and the commands, which run in another process. */
export async function prepareUsers(t: Test, environment: Record<string, string | undefined>) {
  const settings = { ...testEnvironment, ...environment }
  if (settings['DB_URI'] === ':memory:') settings['DB_URI'] = `file:${freshFolder(t)}/app.db`
  const [app, shell] = [await build(t, settings), await build(t, settings)]

  async function users([name = '', ...words]: string[], { input = '', ...options }: Options & { input?: string } = {}) {
    let printed = ''
    const print = (line: string) => {
      printed += `${line}\n`
    }
    const done = commands[name]?.(shell, { print, readPassword: async () => input }, words, options)
    const refused = await Promise.resolve(done).then(
      () => null,
      (error: Error) => error.message
    )
    return { printed, refused }
  }
  return { app, users }
}
