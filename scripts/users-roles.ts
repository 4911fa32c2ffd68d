import type { FastifyInstance } from 'fastify'
import { ROLES } from '../src/features/roles/permissions.ts'
import { OperatorError } from '../src/plugins/platform/config/operator-error.ts'
import { type Command, findUser } from './users-shell.ts'

export const roleUsage = `npm run users -- role <username or email> <role>        gives an account a role: ${ROLES.join(', ')}
npm run users -- ban <username or email>                bans an account, and ends its sessions and API tokens
npm run users -- unban <username or email>              lifts the ban of an account`

const SHELL = null
const sourceOf = ({ log }: FastifyInstance) => ({ log })

export const roleCommands: Record<string, Command> = {
  async role(app, _terminal, [name, role = '']) {
    const { id } = await findUser(app, name)
    if (!ROLES.includes(role)) throw new OperatorError(`A role is one of ${ROLES.join(', ')}`)
    await app.roleChanges.setRole(sourceOf(app), SHELL, id, role)
  },
  async ban(app, _terminal, [name]) {
    const { id } = await findUser(app, name)
    await app.roleChanges.ban(sourceOf(app), SHELL, id, new Date())
  },
  async unban(app, _terminal, [name]) {
    const { id } = await findUser(app, name)
    await app.roleChanges.unban(sourceOf(app), SHELL, id)
  }
}
