import { randomBytes } from 'node:crypto'
import { Agent, request } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { round } from './figures.ts'
import { print, printTable } from './print.ts'
import { pinSelf, SERVER_CORE, startProcess, type Usage } from './process.ts'
import { startService, temporaryFolder } from './service.ts'

// npm run bench:storage: uploads to this service and to @fastify/multipart, both to the disk of this machine.

const LARGE = randomBytes(25_000_000)
const SMALL = randomBytes(100_000)
const SAMPLE_MS = 50
const BOUNDARY = 'bench-5d41402abc4b2a76'

type Subject = {
  name: string
  usage: (collect?: boolean) => Promise<Usage>
  /** Uploads a file, from the first request to the last reply. */
  upload: (bytes: Buffer) => Promise<void>
  stop: () => Promise<void>
}
type Call = { method: string; url: string; headers: Record<string, string | number>; parts: Buffer[] }

const agent = new Agent({ keepAlive: true })

/** Sends a request; returns the text of its reply. */
function send({ method, url, headers, parts }: Call) {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const length = parts.reduce((sum, { length }) => sum + length, 0)
  const sent = request(url, { method, agent, headers: { ...headers, 'content-length': length } }, (reply) => {
    let text = ''
    reply.setEncoding('utf8').on('data', (chunk) => {
      text += chunk
    })
    const isGood = reply.statusCode === 200 || reply.statusCode === 201
    reply.on('end', () => (isGood ? resolve(text) : reject(new Error(`${method} ${url}: ${reply.statusCode} ${text}`))))
  })
  sent.on('error', reject)
  for (const part of parts) sent.write(part)
  sent.end()
  return promise
}

async function startOurs(): Promise<Subject> {
  const limits = { STORAGE_MAX_FILE: '100MiB', STORAGE_QUOTA: '1024GiB', MAX_EVENT_LOOP_DELAY_MS: '0' }
  const service = await startService({ STORAGE_URI: `file:${temporaryFolder()}`, ...limits })
  await service.signUp('ada')
  const { accessToken } = await service.logIn('ada', 'token')
  const headers = { authorization: `Bearer ${accessToken}`, 'x-forwarded-for': '192.0.2.1' }
  const json = { ...headers, 'content-type': 'application/json' }
  const octets = { ...headers, 'content-type': 'application/octet-stream' }
  return {
    name: 'this service',
    usage: service.usage,
    stop: service.stop,
    async upload(bytes) {
      const body = Buffer.from(JSON.stringify({ name: 'film.mp4', size: bytes.length }))
      const { upload } = JSON.parse(
        await send({ method: 'POST', url: `${service.url}/api/files`, headers: json, parts: [body] })
      )
      await send({ method: 'PUT', url: service.url + upload.url, headers: octets, parts: [bytes] })
    }
  }
}

async function startMultipart(): Promise<Subject> {
  const env = { FOLDER: temporaryFolder() }
  const server = await startProcess(join(import.meta.dirname, 'subjects/multipart.js'), { core: SERVER_CORE, env })
  const head = `--${BOUNDARY}\r\ncontent-disposition: form-data; name="file"; filename="film.mp4"\r\n\r\n`
  const [before, after] = [Buffer.from(head), Buffer.from(`\r\n--${BOUNDARY}--\r\n`)]
  const headers = { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` }
  return {
    name: '@fastify/multipart',
    usage: server.usage,
    stop: server.stop,
    async upload(bytes) {
      await send({ method: 'POST', url: `${server.url}/files`, headers, parts: [before, bytes, after] })
    }
  }
}

/** Uploads `count` files, `atOnce` at a time. Returns what it took. */
async function measure({ usage, upload }: Subject, bytes: Buffer, count: number, atOnce: number) {
  let left = count
  const work = async () => {
    while (left-- > 0) await upload(bytes)
  }
  const before = await usage(true)
  const begin = performance.now()
  let peak = before.rssBytes
  let isOver = false
  const watch = async () => {
    while (!isOver) {
      peak = Math.max(peak, (await usage()).rssBytes)
      await sleep(SAMPLE_MS)
    }
  }
  const watched = watch()
  await Promise.all(Array.from({ length: atOnce }, work))
  const seconds = (performance.now() - begin) / 1000
  isOver = true
  await watched
  const { cpuUs } = await usage()
  return { seconds, cpuUs: cpuUs - before.cpuUs, addedBytes: peak - before.rssBytes }
}

async function measureAll(subject: Subject) {
  await measure(subject, SMALL, 200, 8)
  const large = await measure(subject, LARGE, 40, 4)
  const crowd = await measure(subject, LARGE, 100, 100)
  const small = await measure(subject, SMALL, 2000, 32)
  await subject.stop()
  return {
    subject: subject.name,
    'MB per CPU second': round((40 * LARGE.length) / large.cpuUs, 0),
    'MB/s': round((40 * LARGE.length) / 1e6 / large.seconds, 0),
    'MB added by 100 at once': round(crowd.addedBytes / 1e6, 0),
    'files of 100 kB/s': round(2000 / small.seconds, 0),
    'CPU ms per file': round(small.cpuUs / 2000 / 1000, 2)
  }
}

pinSelf()
const rows: Awaited<ReturnType<typeof measureAll>>[] = []
for (const start of [startOurs, startMultipart]) {
  rows.push(await measureAll(await start()))
  print(`measured ${rows.at(-1)?.subject}`)
}
print()
printTable(rows)
process.exit()
