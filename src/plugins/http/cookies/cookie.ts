import type { CookieSerializeOptions } from '@fastify/cookie'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Settings } from '../../platform/config/settings.ts'

/**
 * The name of a cookie: `__Host-sid`. The prefix binds it to this host and to HTTPS, so that no sibling subdomain can plant one
 * (RFC 6265bis, 4.1.3). Over plain HTTP, which has no prefix, it is `sid-3000`: all ports of a host share their cookies.
 */
export function cookieName({ COOKIE_SECURE, PORT }: Settings, purpose: 'sid' | 'refresh') {
  return COOKIE_SECURE ? `__Host-${purpose}` : `${purpose}-${PORT}`
}

/** The attributes of every Set-Cookie, including the one that clears: browsers ignore it if they differ. */
export function cookieOptions({ COOKIE_SECURE, COOKIE_SAME_SITE }: Settings): CookieSerializeOptions {
  const options = { path: '/', httpOnly: true, secure: COOKIE_SECURE, sameSite: COOKIE_SAME_SITE }
  // For a page on another site: browsers that block third-party cookies accept partitioned ones (CHIPS).
  return COOKIE_SAME_SITE === 'none' ? { ...options, partitioned: true } : options
}

/** Decodes a value, without the double quotes that it may have (RFC 6265, 4.1.1). */
export function decodeValue(text: string) {
  const value = /^"(.*)"$/.exec(text)?.[1] ?? text
  if (!value.includes('%')) return value
  try {
    return decodeURIComponent(value)
  } catch {
    return value
  }
}

/** Reads, sets, and clears one cookie of the service. */
export function createCookie(settings: Settings, name: string, path = '/') {
  const options = { ...cookieOptions(settings), path }
  const expired = { expires: new Date(0), maxAge: 0 }
  const twin = { ...options, ...expired, secure: settings.COOKIE_SECURE, partitioned: !options.partitioned }
  // Where a cookie of this name begins, by the rules of @fastify/cookie.
  const beginning = new RegExp(`(?:^|;)[ \\t]*${name}[ \\t]*=`, 'g')

  /** The name came twice: one is partitioned and one is not, since COOKIE_SAME_SITE was changed, or another service set one. */
  function isDoubled({ headers }: FastifyRequest) {
    return (headers.cookie?.match(beginning)?.length ?? 0) > 1
  }

  /** Only Secure cookies can be partitioned. */
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
    /** The value, or undefined for none and for two: which of them the service set is unknown. */
    read(request: FastifyRequest) {
      const value = request.cookies[name]
      return value === undefined || isDoubled(request) ? undefined : value
    },
    /** Sets the cookie for `maxAge` seconds, or until the browser closes. */
    set(reply: FastifyReply, value: string, maxAge: number | null) {
      reply.setCookie(name, value, maxAge === null ? options : { ...options, maxAge })
      clearTwin(reply)
    },
    clear,
    /** If the cookie came twice, clears both and returns true. */
    clearDoubled(reply: FastifyReply) {
      if (!isDoubled(reply.request)) return false
      clear(reply)
      return true
    }
  }
}
