import { createHash, randomBytes } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import type { LoggedIn } from '../../build.ts'
import { call } from '../../plugins/identity/auth/calls.ts'

type Session = Pick<LoggedIn, 'headers'>
export type FileView = {
  id: string
  name: string
  size: number
  type: string | null
  sha256: string | null
  state: string
  createdAt: string
}
export type Created = { file: FileView; upload: { method: string; url: string; expiresAt: string } }

export const OCTETS = 'application/octet-stream'
export const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')
export const someBytes = (length = 1000) => randomBytes(length)

/** `409 UPLOAD_IN_PROGRESS`, or the status of a success. */
export const outcome = (reply: { statusCode: number; json: () => { code?: string } }) =>
  reply.statusCode < 400 ? `${reply.statusCode}` : `${reply.statusCode} ${reply.json().code}`

export const askToCreate = (app: FastifyInstance, session: Session, file: object) =>
  call(app, session, 'POST /api/files', { name: 'notes.txt', size: 1000, ...file })

/** Creates a file without its content. */
export async function create(app: FastifyInstance, session: Session, file: object = {}) {
  const reply = await askToCreate(app, session, file)
  if (reply.statusCode !== 201) throw new Error(reply.body)
  return reply.json<Created>().file
}

/** Sends the content of a file. */
export const put = (app: FastifyInstance, session: Session, id: string, payload: Buffer, headers: object = {}) =>
  app.inject({
    method: 'PUT',
    url: `/api/files/${id}/content`,
    headers: { ...session.headers, 'content-type': OCTETS, ...headers },
    payload
  })

/** Creates a file and sends its content. */
export async function upload(app: FastifyInstance, session: Session, bytes = someBytes(), name = 'notes.txt') {
  const { id } = await create(app, session, { name, size: bytes.length })
  const reply = await put(app, session, id, bytes)
  if (reply.statusCode !== 200) throw new Error(reply.body)
  return reply.json<FileView>()
}

/** Asks for the content of a file. */
export const get = (app: FastifyInstance, session: Session, id: string, headers: object = {}, method = 'GET') =>
  app.inject({
    method: method as 'GET',
    url: `/api/files/${id}/content`,
    headers: { ...session.headers, ...headers }
  })
