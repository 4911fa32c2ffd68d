import type { Client } from 'openapi-fetch'
import type { Output, paths } from './contract.ts'
import { ApiError, orThrow, toApiError } from './errors.ts'
import type { Send } from './refresher.ts'
import { hasProgress, type Progress, sendWithProgress } from './upload.ts'

type StoredFile = Output<paths['/api/files/{id}']['get']>
type Options = {
  api: Client<paths>
  isToken: boolean
  sendFresh: (request: Request, by?: Send) => Promise<Response>
  toRequest: (path: string, init?: RequestInit) => Request
}
/** `name`: what the user calls it, by default the name of a `File`. */
type UploadOptions = Progress & { name?: string }

/** A file has to be in memory for its hash. */
const MAX_HASHED_BYTES = 32 * 1024 * 1024
/** How long a browser has to begin with a download, in ms. */
const DOWNLOAD_MS = 60_000

/** In hex. Null: too large, or the page is not in a secure context. */
async function hash(file: Blob) {
  if (file.size > MAX_HASHED_BYTES || !globalThis.crypto?.subtle) return null
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', await file.arrayBuffer()))
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** The files of the user, and the pictures of users. */
export function createFiles({ api, isToken, sendFresh, toRequest }: Options) {
  const of = (id: string) => ({ params: { path: { id } } })

  async function send(file: Blob, { method, url }: { method: string; url: string }, progress: Progress) {
    const { signal = null } = progress
    const by: Send | undefined = hasProgress() ? (request) => sendWithProgress(request, file, progress) : undefined
    const headers = { 'content-type': 'application/octet-stream' }
    const request = toRequest(url, { method, headers, signal, body: by ? null : file })
    const reply = await sendFresh(request, by)
    if (!reply.ok) throw await toApiError(reply)
    return (await reply.json()) as StoredFile
  }
  const remove = (id: string) => orThrow(api.DELETE('/api/files/{id}', of(id)))
  // The reply to a call for an empty file has no data.
  const read = async (id: string): Promise<Blob> =>
    (await orThrow(api.GET('/api/files/{id}/content', { ...of(id), parseAs: 'blob' }))) ?? new Blob()

  return {
    files: {
      /**
       * Stores a file, or nothing: after a failure, try again from the beginning. Throws FILE_TOO_LARGE, QUOTA_EXCEEDED, or
       * FILE_INFECTED, and the reason of the signal if that cancels it.
       */
      async upload(file: Blob, { name = (file as File).name || 'file', ...progress }: UploadOptions = {}) {
        const { signal = null, onProgress } = progress
        const sha256 = await hash(file)
        const body = { name, size: file.size, ...(sha256 && { sha256 }) }
        const { file: created, upload } = await orThrow(api.POST('/api/files', { body, signal }))
        try {
          const stored = await send(file, upload, progress)
          onProgress?.(1)
          return stored
        } catch (error) {
          // What is not uploaded counts for the quota until it expires. If this fails too, it does expire.
          await remove(created.id).catch(() => {})
          throw error
        }
      },
      /** A page of the files, newest first. Those that are not `stored` have no content yet. */
      list: ({ cursor }: { cursor?: string | undefined } = {}) =>
        orThrow(api.GET('/api/files', { params: { query: cursor === undefined ? {} : { cursor } } })),
      get: (id: string): Promise<StoredFile> => orThrow(api.GET('/api/files/{id}', of(id))),
      remove,
      /** The content. Its type is that of an image, or a type that no browser shows as a page. */
      read,
      /** Saves the content on the device of the user. In browsers only. */
      async download({ id, name }: Pick<StoredFile, 'id' | 'name'>) {
        const href = URL.createObjectURL(await read(id))
        Object.assign(document.createElement('a'), { href, download: name }).click()
        setTimeout(() => URL.revokeObjectURL(href), DOWNLOAD_MS)
      },
      /**
       * An address for `<img src>`: that of the service, or with tokens, an object URL. Call `URL.revokeObjectURL` with it when the
       * image is gone.
       */
      url: async (id: string) =>
        isToken ? URL.createObjectURL(await read(id)) : toRequest(`/api/files/${encodeURIComponent(id)}/content`).url
    },
    avatars: {
      /** The picture of a user. Null: there is none. */
      read: (userId: string): Promise<Blob | null> =>
        orThrow(api.GET('/api/users/{id}/avatar', { ...of(userId), parseAs: 'blob' })).catch((error: unknown) => {
          if (error instanceof ApiError && error.code === 'FILE_NOT_FOUND') return null
          throw error
        }),
      /** Makes a stored image the picture of the user. Throws NOT_AN_IMAGE. */
      set: (fileId: string) => orThrow(api.PUT('/api/users/me/avatar', { body: { fileId } })),
      remove: () => orThrow(api.DELETE('/api/users/me/avatar'))
    }
  }
}
