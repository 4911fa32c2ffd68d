import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import multipart from '@fastify/multipart'
import Fastify from 'fastify'

// An upload to disk as in the README of @fastify/multipart: no login, no hash, no row, and nothing waits until it is durable.

const folder = process.env['FOLDER'] ?? ''
const app = Fastify({ logger: true })
await app.register(multipart, { limits: { fileSize: 1024 ** 3 } })

let count = 0
app.post('/files', async (request) => {
  const part = await request.file()
  if (!part) throw new Error('no file')
  await pipeline(part.file, createWriteStream(join(folder, `${count++}`)))
  return { name: part.filename }
})
await app.listen({ host: '127.0.0.1', port: Number(process.env['PORT']) })
