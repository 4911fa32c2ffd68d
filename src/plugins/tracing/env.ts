import { text } from '../config/kinds.ts'

export const tracingEnv = {
  /** By its standard name; the other OTEL_* variables are read by the packages themselves. None: no traces. */
  OTEL_EXPORTER_OTLP_ENDPOINT: text(
    null,
    (url) => /^https?:\/\/\S+$/.test(url) && URL.canParse(url),
    'must be http://… or https://…'
  )
}
