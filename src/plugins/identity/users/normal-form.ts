import type { FastifyRequest } from 'fastify'

const typed: unique symbol = Symbol('typedPassword')
type Request = FastifyRequest & { [typed]?: string }

/**
 * A preValidation hook for bodies with passwords. Passwords are in NFC from here on, so that their length counts in that form;
 * and space around the name of a login, which keyboards of phones add, is no part of it.
 */
export async function normalizeCredentials(request: Request) {
  const members = (request.body ?? {}) as Record<string, unknown>
  for (const name of ['password', 'currentPassword', 'newPassword']) {
    const value = members[name]
    if (typeof value !== 'string') continue
    if (name !== 'newPassword') request[typed] = value
    members[name] = value.normalize('NFC')
  }
  const { usernameOrEmail: name } = members
  if (typeof name === 'string') members['usernameOrEmail'] = name.trim()
}

/** The password to check as it was typed: hashes of earlier versions are of that form. */
export function typedPassword(request: Request, password: string) {
  return request[typed] ?? password
}
