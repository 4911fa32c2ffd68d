import type { FastifyInstance, FastifyRequest } from 'fastify'
import { accountOf } from '../../plugins/identity/auth/account.ts'
import { SecondFactorNotEnabled } from '../../plugins/identity/auth/errors.ts'
import { methodsOf } from '../../plugins/identity/auth/insert-session.ts'
import { logEvent } from '../../plugins/platform/audit/log.ts'
import { Forbidden } from './errors.ts'
import type { People } from './people.ts'
import { type Permission, permissionsOf } from './permissions.ts'

export type RequirePermission = ReturnType<typeof createRequirePermission>
type Used = 'config' | 'sessions' | 'securityView' | 'requireFresh'

/** What RFC 8176 calls a login by more than one factor. */
const MFA = 'mfa'
/** The members of the security view that count a user's second factors, as far as these features are on. */
const FACTORS = ['totp', 'passkeys']

/** Makes guards for what only some roles may do. */
export function createRequirePermission(app: Pick<FastifyInstance, Used>, people: People) {
  const { sessions, securityView } = app

  /** Whether the session began with a second factor that the user still has. */
  async function hasSecondFactor(userId: string, sid: string) {
    const session = await sessions.find(sid)
    if (session === null || !methodsOf(session).includes(MFA)) return false
    const counts = await Promise.all(FACTORS.map((name) => securityView.get(name)?.read(userId)))
    return counts.some(Boolean)
  }

  /**
   * A hook after `app.authenticate`: reads the role with each request, and asks for a fresh session (ASVS 5.0, 8.3.1 and 7.5.3). Throws
   * FORBIDDEN, REAUTHENTICATION_REQUIRED and, with ADMIN_SECOND_FACTOR, SECOND_FACTOR_NOT_ENABLED.
   */
  return (permission: Permission) =>
    async function requirePermission(request: FastifyRequest) {
      const { userId, sid } = accountOf(request)
      const person = await people.find(userId)
      const isPermitted = person && person.bannedAt === null && permissionsOf(person.role).includes(permission)
      if (!isPermitted) {
        // Only logged: a GET stores nothing (ASVS 5.0, 3.5.3).
        logEvent(request, 'authz_fail', { reason: 'permission' })
        throw new Forbidden()
      }
      await app.requireFresh(request)
      if (app.config.ADMIN_SECOND_FACTOR && !(await hasSecondFactor(userId, sid))) throw new SecondFactorNotEnabled()
    }
}
