import { integer, text } from '../config/kinds.ts'

export const metricsEnv = {
  /** None: no metrics. Not PORT, so that no proxy and no client reaches them. */
  METRICS_PORT: integer(null, 1, 65_535),
  METRICS_HOST: text('127.0.0.1', (host) => !/[\s/]/.test(host), 'must be a host name or an address')
}

export function metricsConflict({ METRICS_PORT, PORT }: { METRICS_PORT: number | null; PORT: number }) {
  return METRICS_PORT !== null && METRICS_PORT === PORT ? 'METRICS_PORT must not be PORT' : null
}
