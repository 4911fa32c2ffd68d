import type { CookieSerializeOptions } from '@fastify/cookie'
import type { FastifyReply } from 'fastify'
import type { Settings } from '../config/settings.ts'

/** The attributes of every Set-Cookie, the clearing one too: browsers ignore it where they differ. */
export function cookieOptions({ COOKIE_SECURE, COOKIE_SAME_SITE }: Settings): CookieSerializeOptions {
  const options = { path: '/', httpOnly: true, secure: COOKIE_SECURE, sameSite: COOKIE_SAME_SITE }
  // For a page of another site: its own jar, which browsers that block third-party cookies let it have (CHIPS).
  return COOKIE_SAME_SITE === 'none' ? { ...options, partitioned: true } : options
}

/** A cookie of the service, of this name and for this path. */
export function createCookie(settings: Settings, name: string, path = '/') {
  const options = { ...cookieOptions(settings), path }
  const over = { expires: new Date(0), maxAge: 0 }
  const twin = { ...options, ...over, secure: settings.COOKIE_SECURE, partitioned: !options.partitioned }

  /** Where a browser sends two of the name, one is in its other jar, from before COOKIE_SAME_SITE was another: it goes. */
  function clearTwin(reply: FastifyReply) {
    const pairs = reply.request.headers.cookie?.split('; ') ?? []
    const isDoubled = pairs.filter((pair) => pair.startsWith(`${name}=`)).length > 1
    // Only Secure cookies have two jars.
    if (isDoubled && twin.secure) reply.header('set-cookie', reply.server.serializeCookie(name, '', twin))
  }

  return {
    name,
    /** Until the browser is closed, or for `maxAge` seconds. */
    set(reply: FastifyReply, value: string, maxAge: number | null) {
      reply.setCookie(name, value, maxAge === null ? options : { ...options, maxAge })
      clearTwin(reply)
    },
    clear(reply: FastifyReply) {
      reply.clearCookie(name, options)
      clearTwin(reply)
    }
  }
}
