import { randomUUID } from 'node:crypto'
import { type Bucket, openStore, parseBucket } from '../src/features/storage/address.ts'
import type { Settings } from '../src/plugins/platform/config/settings.ts'
import type { Finding } from './doctor-rules.ts'

export const filesOption = { files: { type: 'boolean' } } as const
export const filesUsage =
  '  --files         without --spa and --api: stores, reads, and deletes a file where STORAGE_URI says, and looks whether strangers can'

type Say = (title: string, finding: Finding | null) => unknown

const CONTENT = Buffer.from('A file of the doctor.\n')
const FACTS = { size: CONTENT.length, sha256: null }
/** S3 refuses requests of a clock that is 15 minutes off. */
const MAX_SKEW_MS = 60_000
const TIMEOUT_MS = 15_000

async function* body() {
  yield CONTENT
}

/** The first cause of an error, which is the answer of the disk or the bucket. */
function reasonOf(error: unknown): string {
  const { message, cause } = error as Error
  return cause === undefined ? message.replace(/^STORAGE_URI /, 'It ') : reasonOf(cause)
}

/** Whether the bucket shows this to somebody without the key. */
async function isPublic(url: string) {
  const reply = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(TIMEOUT_MS) })
  await reply.body?.cancel()
  return reply.ok
}

async function findSkew({ base }: Bucket) {
  const { headers } = await fetch(base, { method: 'HEAD', signal: AbortSignal.timeout(TIMEOUT_MS) })
  const skewMs = Math.abs(Date.parse(headers.get('date') ?? '') - Date.now())
  const text = `This clock and that of the bucket differ by ${Math.round(skewMs / 1000)} s: synchronize them`
  return skewMs > MAX_SKEW_MS ? text : null
}

/** Tries the place for files with the settings of the service, and leaves nothing there. */
export async function examineFiles({ STORAGE_URI }: Pick<Settings, 'STORAGE_URI'>, say: Say): Promise<void> {
  const report = (title: string, text: string | null) =>
    say(title, text === null ? null : { setting: 'STORAGE_URI', text })
  /** Reports what `find` says is wrong, or throws. Returns whether all is well. */
  async function check(title: string, find: () => Promise<string | null>) {
    const text = await find().catch(reasonOf)
    report(title, text)
    return text === null
  }
  if (STORAGE_URI === null) return void report('There is a place for files', 'It is not set, so there are no files')
  const bucket = parseBucket(STORAGE_URI)
  const store = await openStore(STORAGE_URI)
  const key = `doctor.${randomUUID()}`

  if (bucket && !(await check('The bucket answers, and its clock is right', () => findSkew(bucket)))) return
  const isStored = await check('The service can store a file', async () => {
    await store.open()
    await store.put(key, body(), FACTS)
    return null
  })
  if (!isStored) return
  await check('It can read the file', async () => {
    const found = await store.get(key, CONTENT.length, null)
    const isSame = found !== null && Buffer.concat(await found.toArray()).equals(CONTENT)
    return isSame ? null : 'What comes back is not what was stored'
  })
  if (bucket)
    await check('Nobody can read it, or list the bucket, without the key', async () => {
      const shown = await Promise.all([bucket.base + key, bucket.base.slice(0, -1)].map(isPublic))
      return shown.includes(true) ? 'The bucket is public. Block all public access to it' : null
    })
  await check('It can delete the file', async () => {
    await store.remove(key)
    return (await store.get(key, CONTENT.length, null)) === null ? null : 'The file is still there'
  })
}
