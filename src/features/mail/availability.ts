import type { FastifyBaseLogger } from 'fastify'
import { ServiceUnavailable } from '../../plugins/platform/errors/errors.ts'

/** What nodemailer says about a failure. */
export type SmtpError = { code?: string; responseCode?: number; command?: string }

/** How often an unavailable server is asked whether it is back, in ms. */
const RECHECK_MS = 15_000

/** The server works, but does not take this mail, or this address is none. */
export const isRefused = ({ responseCode, command = '', code }: SmtpError) =>
  responseCode === undefined ? code === 'EENVELOPE' : /^(RCPT TO|DATA)$/.test(command)
/** It never will: to try again is of no use. */
export const isFinal = (error: SmtpError) => isRefused(error) && (error.responseCode ?? 500) >= 500
/** For the log: the reply of a server repeats addresses. */
export const toReason = ({ code, responseCode, command }: SmtpError) => ({ code, responseCode, command })

/** Tracks whether mails can be sent, by the last try; while they cannot, `verify` asks the server from time to time. */
export function watchMail(verify: () => Promise<void>, log: FastifyBaseLogger) {
  let isUp = true
  let recheck: NodeJS.Timeout | undefined

  function markUp() {
    if (!isUp) log.info({ event: 'dependency_up', dependency: 'mail' }, 'mail is available again')
    isUp = true
    clearInterval(recheck)
  }

  return {
    markUp,
    markDown(error: SmtpError) {
      if (!isUp) return
      isUp = false
      log.error({ event: 'dependency_down', dependency: 'mail', ...toReason(error) }, 'mail is unavailable')
      recheck = setInterval(() => void verify().then(markUp, () => {}), RECHECK_MS).unref()
    },
    isUp: () => isUp,
    async check() {
      if (!isUp) throw new ServiceUnavailable()
    },
    stop: () => clearInterval(recheck)
  }
}
