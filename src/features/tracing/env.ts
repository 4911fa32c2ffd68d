import { text } from '../../plugins/platform/config/setting-types.ts'
import { defineSettings, type Values } from '../../plugins/platform/config/settings.ts'

const tracingSettings = defineSettings({
  /** The standard name. The packages read the other OTEL_* variables themselves. Without it, there are no traces. */
  OTEL_EXPORTER_OTLP_ENDPOINT: text(
    null,
    (url) => /^https?:\/\/\S+$/.test(url) && URL.canParse(url),
    'must be http://… or https://…'
  )
})

declare module '../../plugins/platform/config/settings.ts' {
  interface Settings extends Values<typeof tracingSettings> {}
}
