import { integer } from '../../platform/config/setting-types.ts'
import { defineSettings, type Values } from '../../platform/config/settings.ts'

const loadSheddingSettings = defineSettings({
  /** The mean delay over half a second; 0 never refuses. */
  MAX_EVENT_LOOP_DELAY_MS: integer('250', 0, 60_000)
})

declare module '../../platform/config/settings.ts' {
  interface Settings extends Values<typeof loadSheddingSettings> {}
}
