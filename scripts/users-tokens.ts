import { TokenNotFound } from '../src/features/api-tokens/errors.ts'
import { isUuid } from '../src/plugins/platform/db/ids.ts'
import { type Command, findUser, visible } from './users-shell.ts'

export const tokenUsage = `npm run users -- tokens <username or email>             lists the API tokens of an account
npm run users -- end-token <username or email> <id>     ends an API token`

export const tokenCommands: Record<string, Command> = {
  async tokens(app, { print }, [name]) {
    const user = await findUser(app, name)
    for (const token of await app.apiTokens.list(user.id, new Date())) {
      const times = [token.expiresAt, token.lastUsedAt].map((time) => time?.toISOString() ?? 'never')
      print(visible(token.id, ...times, token.abilities.join(','), token.name))
    }
  },
  async 'end-token'(app, _terminal, [name, id]) {
    const { id: userId } = await findUser(app, name)
    if (!isUuid(id)) throw new TokenNotFound()
    await app.apiTokens.remove(userId, id)
    await app.audit.record(app, 'api_token_deleted', { userId, reason: 'shell', tokenId: id })
  }
}
