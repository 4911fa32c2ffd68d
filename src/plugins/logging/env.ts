import { choice } from '../config/kinds.ts'

export const loggingEnv = {
  LOG_LEVEL: choice(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], 'info')
}
