import { choice, flag } from '../config/kinds.ts'

export const headersEnv = {
  /** Browsers reach the service by https: cookies are Secure, and HSTS is sent. */
  COOKIE_SECURE: flag('true'),
  /** Browsers then come by https alone for a year: to every subdomain too, or to this host only. */
  HSTS: choice(['includeSubDomains', 'true', 'false'], 'includeSubDomains')
}
