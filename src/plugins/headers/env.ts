import { flag } from '../config/kinds.ts'

export const headersEnv = {
  /** Browsers reach the service by https: cookies are Secure, and HSTS says so. */
  COOKIE_SECURE: flag('true')
}
