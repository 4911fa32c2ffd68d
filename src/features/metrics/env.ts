import { integer, text } from '../../plugins/platform/config/setting-types.ts'
import { defineConflict, defineSettings, type Values } from '../../plugins/platform/config/settings.ts'

const metricsSettings = defineSettings({
  /** Without it, there are no metrics. It must differ from PORT, so that no proxy or client reaches them. */
  METRICS_PORT: integer(null, 1, 65_535),
  METRICS_HOST: text('127.0.0.1', (host) => !/[\s/]/.test(host), 'must be a host name or an address')
})

defineConflict(({ METRICS_PORT, PORT }) =>
  METRICS_PORT !== null && METRICS_PORT === PORT ? 'METRICS_PORT must not be PORT' : null
)

declare module '../../plugins/platform/config/settings.ts' {
  interface Settings extends Values<typeof metricsSettings> {}
}
