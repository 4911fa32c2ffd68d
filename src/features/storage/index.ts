import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import './env.ts'
import { OperatorError } from '../../plugins/platform/config/operator-error.ts'
import { isPostgres } from '../../plugins/platform/db/address.ts'
import { isFolder, openStore } from './address.ts'
import { createAvatarRoutes } from './avatar-routes.ts'
import { createAvatars } from './avatars.ts'
import { createClaims } from './claims.ts'
import { createContentRoutes } from './content-routes.ts'
import { createFiles, type Files } from './files.ts'
import { createRoutes } from './routes.ts'
import { createScan } from './scan.ts'
import { createSendFile, type SendFile } from './send.ts'
import { createSweep } from './sweep.ts'
import { createUploads } from './uploads.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** For routes of your own: replies with a file of any user, or throws FILE_NOT_FOUND. Null without STORAGE_URI. */
    files: { send(reply: FastifyReply, id: string): ReturnType<SendFile> } | null
  }
}

/** Users who have files would find none. If the database does not answer yet, the service starts all the same. */
async function refuseFiles(files: Files) {
  if (await files.isUsed().catch(() => false))
    throw new OperatorError('STORAGE_URI is not set, but users have files: set the address that was used before')
}

/** Files of users. Off without STORAGE_URI. */
async function storage(app: FastifyInstance) {
  const { DB_URI, STORAGE_URI, STORAGE_MAX_FILE, STORAGE_QUOTA, UPLOAD_TTL, SCAN_URL } = app.config
  const { db, tables, transaction } = app
  const uploadTtlMs = UPLOAD_TTL * 1000
  const files = createFiles(db, tables, transaction, { quota: STORAGE_QUOTA, uploadTtlMs })
  if (STORAGE_URI === null) return void app.decorate('files', null).addHook('onReady', () => refuseFiles(files))

  const store = await openStore(STORAGE_URI)
  const claims = createClaims(db, tables, uploadTtlMs)
  const uploads = createUploads(claims, store, SCAN_URL === null ? undefined : createScan(SCAN_URL))
  const sendFile = createSendFile(store, app.config)
  app.decorate('files', { send: async (reply, id) => sendFile(reply, await files.findStored(id)) })
  app.cleanup.add(createSweep(db, tables, store, uploadTtlMs))
  app.mount('/api/files', createRoutes(files, STORAGE_MAX_FILE))
  app.mount('/api/files', createContentRoutes({ files, claims, uploads, sendFile }))
  app.mount('/api/users', createAvatarRoutes(createAvatars(db, tables), files))
  app.addHook('onReady', store.open)
  app.addHook('onListen', async () => {
    // One number of Node's for all requests: the body plugin keeps the shorter one for all others.
    app.server.requestTimeout = Math.max(app.server.requestTimeout, uploadTtlMs)
    if (isPostgres(DB_URI) && isFolder(STORAGE_URI)) app.log.info('files are in a folder, which replicas have to share')
  })
  app.addHook('onClose', uploads.close)
}

export default fp(storage, {
  name: 'storage',
  dependencies: ['config', 'db', 'cleanup', 'body', 'router', 'cookies', 'users', 'auth']
})
