import { choice } from '../config/kinds.ts'
import type { Rule } from '../config/rules.ts'

export const loggingEnv = {
  LOG_LEVEL: choice(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], 'info')
}

export const loggingRules: Rule[] = [
  {
    title: 'Security events are logged',
    setting: 'LOG_LEVEL',
    isBroken: ({ LOG_LEVEL }) => ['fatal', 'error', 'silent'].includes(LOG_LEVEL),
    text: 'LOG_LEVEL leaves out warnings, and with them failed logins and stolen tokens. Set LOG_LEVEL=info'
  }
]
