import { duration, integer } from '../../plugins/platform/config/setting-types.ts'
import { defineSettings, type Values } from '../../plugins/platform/config/settings.ts'

const realtimeSettings = defineSettings({
  STREAMS_MAX: integer('10000', 1, 1_000_000),
  STREAMS_PER_USER: integer('20', 1, 1000),
  /** The server cuts a connection that is silent for 30 seconds. */
  STREAM_HEARTBEAT: duration('20s', 1, '25s'),
  STREAM_MAX_AGE: duration('1h', 1, '24d'),
  MESSAGES_TTL: duration('30d')
})

declare module '../../plugins/platform/config/settings.ts' {
  interface Settings extends Values<typeof realtimeSettings> {}
}
