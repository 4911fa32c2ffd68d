import { createDiskStore } from './disk.ts'
import type { Store } from './store.ts'

/** An S3 bucket; `base` is the URL that keys follow. */
export type Bucket = { base: string; region: string; accessKeyId: string; secretAccessKey: string }

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/

/** The bucket of `s3://KEY:SECRET@host/bucket?region=…`, or null. Only on the same machine the way there is without TLS. */
export function parseBucket(uri: string): Bucket | null {
  if (!uri.startsWith('s3://') || !URL.canParse(uri)) return null
  const { hostname, host, pathname, username, password, searchParams, hash } = new URL(uri)
  const isKnown = [...searchParams.keys()].every((name) => name === 'region')
  if (!username || !password || !/^\/[\w.-]+$/.test(pathname) || !isKnown || hash !== '') return null
  try {
    return {
      base: `${LOOPBACK.test(hostname) ? 'http' : 'https'}://${host}${pathname}/`,
      region: searchParams.get('region') || 'us-east-1',
      accessKeyId: decodeURIComponent(username),
      secretAccessKey: decodeURIComponent(password)
    }
  } catch {
    return null
  }
}

export const isFolder = (uri: string) => /^file:.+/.test(uri)

/** Whether a STORAGE_URI names a place for files. */
export const isStorageUri = (uri: string) => isFolder(uri) || parseBucket(uri) !== null

/** The place that a STORAGE_URI names. */
export async function openStore(uri: string): Promise<Store> {
  const bucket = parseBucket(uri)
  if (bucket === null) return createDiskStore(uri.replace(/^file:(\/\/(?=\/))?/, ''))
  const { createS3Store } = await import('./s3.ts')
  return createS3Store(bucket)
}
