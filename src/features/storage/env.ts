import { duration, size, text } from '../../plugins/platform/config/setting-types.ts'
import { defineSettings, type Values } from '../../plugins/platform/config/settings.ts'
import { isStorageUri } from './address.ts'
import { isScanUrl } from './scan.ts'

const storageSettings = defineSettings({
  /** Without it, there are no files. */
  STORAGE_URI: text(
    null,
    isStorageUri,
    'must be a folder such as file:./storage, or a bucket: s3://KEY:SECRET@host/bucket?region=…'
  ),
  // PostgreSQL's integer ends at 2 GiB.
  STORAGE_MAX_FILE: size('25MiB', '2047MiB'),
  STORAGE_QUOTA: size('1GiB', '1024GiB'),
  /** Without it, nothing looks for malware. */
  SCAN_URL: text(null, isScanUrl, 'must be the address of clamd, such as tcp://localhost:3310'),
  // As the time limit of a request it is a timer.
  UPLOAD_TTL: duration('1h', 1, '24d')
})

declare module '../../plugins/platform/config/settings.ts' {
  interface Settings extends Values<typeof storageSettings> {}
}
