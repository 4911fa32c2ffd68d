import type { CookieSerializeOptions } from '@fastify/cookie'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Settings } from '../../platform/config/settings.ts'

/**
 * The name of a cookie: `__Host-sid`. The prefix binds it to this host, to https and to every path, so that no sibling subdomain
 * can plant one (RFC 6265bis, 4.1.3). Plain http has no such prefix: there it is `sid-3000`, since all ports of a host share their
 * cookies.
 */
export function cookieName({ COOKIE_SECURE, PORT }: Settings, purpose: 'sid' | 'refresh') {
  return COOKIE_SECURE ? `__Host-${purpose}` : `${purpose}-${PORT}`
}

/** The attributes of every Set-Cookie, the clearing one too: browsers ignore it where they differ. */
export function cookieOptions({ COOKIE_SECURE, COOKIE_SAME_SITE }: Settings): CookieSerializeOptions {
  const options = { path: '/', httpOnly: true, secure: COOKIE_SECURE, sameSite: COOKIE_SAME_SITE }
  // For a page of another site: its own jar, which browsers that block third-party cookies let it have (CHIPS).
  return COOKIE_SAME_SITE === 'none' ? { ...options, partitioned: true } : options
}

/** Reads a value that may stand in double quotes, which are no part of it (RFC 6265, 4.1.1). */
export function decodeValue(text: string) {
  const value = /^"(.*)"$/.exec(text)?.[1] ?? text
  if (!value.includes('%')) return value
  try {
    return decodeURIComponent(value)
  } catch {
    return value
  }
}

/** A cookie of the service, of this name and for this path. */
export function createCookie(settings: Settings, name: string, path = '/') {
  const options = { ...cookieOptions(settings), path }
  const expired = { expires: new Date(0), maxAge: 0 }
  const twin = { ...options, ...expired, secure: settings.COOKIE_SECURE, partitioned: !options.partitioned }
  // Where a cookie of this name begins, as @fastify/cookie takes the header apart.
  const beginning = new RegExp(`(?:^|;)[ \\t]*${name}[ \\t]*=`, 'g')

  /** Two of the name: one is in the browser's other jar, from before COOKIE_SAME_SITE was changed, or another service planted it. */
  function isDoubled({ headers }: FastifyRequest) {
    return (headers.cookie?.match(beginning)?.length ?? 0) > 1
  }

  /** Only Secure cookies have two jars. */
  function clearTwin(reply: FastifyReply) {
    if (!twin.secure || !isDoubled(reply.request)) return
    const line = reply.server.serializeCookie(name, '', twin)
    if (![reply.getHeader('set-cookie')].flat().includes(line)) reply.header('set-cookie', line)
  }

  function clear(reply: FastifyReply) {
    reply.clearCookie(name, options)
    clearTwin(reply)
  }

  return {
    name,
    /** The value; undefined for none, and for two, since nobody can tell which one the service set. */
    read(request: FastifyRequest) {
      const value = request.cookies[name]
      return value === undefined || isDoubled(request) ? undefined : value
    },
    /** Until the browser is closed, or for `maxAge` seconds. */
    set(reply: FastifyReply, value: string, maxAge: number | null) {
      reply.setCookie(name, value, maxAge === null ? options : { ...options, maxAge })
      clearTwin(reply)
    },
    clear,
    /** Clears both where two came, and says whether they did. */
    clearDoubled(reply: FastifyReply) {
      if (!isDoubled(reply.request)) return false
      clear(reply)
      return true
    }
  }
}
