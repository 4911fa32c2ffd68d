import type { FastifyRequest } from 'fastify'

const typed: unique symbol = Symbol('typedPassword')
type Request = FastifyRequest & { [typed]?: string }

/**
 * A preValidation hook for bodies with passwords. It normalizes passwords to NFC, so that their length is counted in that form, and
 * trims the name that a user logs in with, because phone keyboards add spaces.
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

/** The password as the user typed it: earlier versions hashed it in that form. */
export function typedPassword(request: Request, password: string) {
  return request[typed] ?? password
}
