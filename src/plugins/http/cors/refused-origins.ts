import type { FastifyBaseLogger } from 'fastify'

/** More origins in one minute are an attack, and would flood the log. */
const MAX_PER_MINUTE = 20
/** As browsers send it; anything else does not come from a browser, and stays out of the log. */
const ORIGIN = /^(null|[a-z][a-z\d+.-]{0,30}:\/\/[\w.:[\]-]{1,200})$/
const REFUSED = 'refused a page of another origin: if it is yours, add its origin to CORS_API_ORIGINS'
const FROM_FILE = 'refused a page without an origin, opened from a file or in a sandbox: serve it from a web server'

/** Logs each refused origin once a minute, with the setting that allows it. */
export function createRefusedOriginLog(log: Pick<FastifyBaseLogger, 'warn'>) {
  const seen = new Set<string>()
  let minute = 0

  return function logRefusedOrigin(origin: string, now: Date) {
    const current = Math.floor(now.getTime() / 60_000)
    if (current !== minute) seen.clear()
    minute = current
    if (!ORIGIN.test(origin) || seen.has(origin) || seen.size >= MAX_PER_MINUTE) return
    seen.add(origin)
    log.warn({ origin }, origin === 'null' ? FROM_FILE : REFUSED)
  }
}
