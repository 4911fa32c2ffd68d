import type { FastifyInstance } from 'fastify'
import { Check } from 'typebox/value'
import { removeAll } from '../src/plugins/identity/auth/removals.ts'
import { isLive } from '../src/plugins/identity/auth/sessions.ts'
import { NewPassword } from '../src/plugins/identity/users/schemas.ts'
import { OperatorError } from '../src/plugins/platform/config/operator-error.ts'
import { isUuid } from '../src/plugins/platform/db/ids.ts'
import { roleCommands } from './users-roles.ts'
import { type Command, findUser, visible } from './users-shell.ts'
import { tokenCommands } from './users-tokens.ts'

/** Ends the current sessions of all users. */
async function revokeEverybody({ sessions, revocations, log }: FastifyInstance) {
  let last = '00000000-0000-0000-0000-000000000000'
  for (let found = await sessions.countUnrevoked(last, 500); found.length > 0; ) {
    for (const { userId } of found) await revocations.revokeAll({ log }, userId, 'all', new Date())
    last = found.at(-1)?.userId ?? last
    found = await sessions.countUnrevoked(last, 500)
  }
}

/** The commands use the code of the service, so the same rules apply as over HTTP. */
export const commands: Record<string, Command> = {
  ...tokenCommands,
  ...roleCommands,
  async create(app, { print, readPassword }, [username, email, name]) {
    const payload = { username, email, name, password: await readPassword() }
    const reply = await app.inject({ method: 'POST', url: '/api/auth/signup', payload })
    const { user, detail, errors } = reply.json()
    const faults = (errors ?? []).map(
      (error: { pointer: string; detail: string }) => `${error.pointer}: ${error.detail}`
    )
    if (reply.statusCode !== 201) throw new OperatorError([detail, ...faults].join('\n'))
    print(visible(`${user.id} ${user.username}`))
  },
  async list({ users }, { print }) {
    for (const { id, username, email, createdAt } of await users.list())
      print(visible(id, username, email, createdAt.toISOString()))
  },
  async sessions(app, { print }, [name]) {
    const user = await findUser(app, name)
    const now = new Date()
    for (let page = await app.sessions.listLive(user.id, now); page.length > 0; ) {
      for (const { id, kind, lastSeenAt, ip, userAgent } of page)
        print(visible(id, kind, lastSeenAt.toISOString(), ip, userAgent))
      page = await app.sessions.listLive(user.id, now, { after: page.at(-1) })
    }
  },
  async revoke(app, _terminal, [name], { login, all }) {
    if (all && (name ?? login))
      throw new OperatorError('--all ends the sessions of all accounts: use it without a name and without --login')
    if (all) return revokeEverybody(app)
    const { id } = await findUser(app, name)
    if (login === undefined) return void (await app.revocations.revokeAll(app, id, 'all', new Date()))
    const found = isUuid(login) ? await app.sessions.find(login) : null
    if (found?.userId !== id || !isLive(found, new Date()))
      throw new OperatorError('This account has no active session with this id')
    await app.revocations.revoke(app, login, 'revoked', new Date())
  },
  async password(app, { readPassword }, [name]) {
    const { id } = await findUser(app, name)
    const { PASSWORD_MIN_LENGTH } = app.config
    const password = (await readPassword()).normalize('NFC')
    if (!Check(NewPassword(PASSWORD_MIN_LENGTH), password) || !password.isWellFormed() || password.includes('\0'))
      throw new OperatorError(`A password has ${PASSWORD_MIN_LENGTH} to 256 characters`)
    await app.passwords.refuseCommon(password)
    await app.revocations.resetPassword(app, id, await app.passwords.hash(password), new Date())
  },
  async 'reset-factors'(app, _terminal, [name]) {
    const { id: userId } = await findUser(app, name)
    await app.transaction({ steps: removeAll(app.factorRemovals, userId) })
    await app.audit.record(app, 'authn_factor_removed', { userId, reason: 'shell' })
  }
}
