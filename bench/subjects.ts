import { join } from 'node:path'
import { request } from './client.ts'
import type { Case, Running } from './compare.ts'
import { SERVER_CORE, startProcess } from './process.ts'
import { fromPage, startService, temporaryFolder } from './service.ts'

type Server = Case['server'] & { url: string; stop: () => Promise<void> }

const core = SERVER_CORE
const fileOf = (name: string) => join(import.meta.dirname, 'subjects', name)

function casesOf(subject: string, server: Server, requests: Record<string, Buffer>): Running {
  const cases = Object.entries(requests).map(([name, bytes]): Case => ({ subject, name, server, bytes }))
  return { cases, stop: server.stop }
}

async function postJson(url: string, body: object = {}) {
  const headers = { 'content-type': 'application/json', origin: new URL(url).origin }
  const reply = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })
  if (!reply.ok) throw new Error(`${url} answered ${reply.status}`)
  const cookie = reply.headers.getSetCookie()[0]?.split(';')[0] ?? ''
  return { cookie, members: (await reply.json()) as { accessToken: string } }
}

/** Bare Fastify with the same reply body: the baseline for all others. */
export async function startBare() {
  const server = await startProcess(fileOf('bare.ts'), { core })
  return casesOf('bare Fastify', server, { whoami: fromPage('GET', '/whoami'), me: fromPage('GET', '/me') })
}

/** The same request to the baseline's path, with the same credentials. */
export function baselineOf({ name, bytes }: Case, baselines: Case[]): Case {
  const path = name.startsWith('users/me') ? 'me' : 'whoami'
  const bare = baselines.find((baseline) => baseline.name === path) as Case
  return { ...bare, bytes: Buffer.from(bytes.toString().replace(/^GET \S+/, `GET /${path}`)) }
}

/** This service, with either transport. */
export async function startOurs(subject: string, env: Record<string, string> = {}) {
  const service = await startService(env)
  await service.signUp('ada')
  const { accessToken } = await service.logIn('ada', 'token')
  const { cookie } = await service.logIn('ada', 'cookie')
  const authorization = `Bearer ${accessToken}`
  return casesOf(subject, service, {
    'whoami by bearer': fromPage('GET', '/api/auth/whoami', { authorization }),
    'whoami by cookie': fromPage('GET', '/api/auth/whoami', { cookie }),
    'users/me by bearer': fromPage('GET', '/api/users/me', { authorization })
  })
}

async function startPeer(subject: string, file: string, env: Record<string, string> = {}) {
  const server = await startProcess(fileOf(file), { core, env })
  const { cookie, members } = await postJson(`${server.url}/login`)
  return casesOf(subject, server, {
    'whoami by bearer': fromPage('GET', '/whoami/bearer', { authorization: `Bearer ${members.accessToken}` }),
    'whoami by cookie': fromPage('GET', '/whoami/cookie', { cookie })
  })
}

/** The same plugins with their default settings. */
export const startPlain = () => startPeer('plain assembly', 'plain.ts')

export const startExpress = (redisUrl: string) => startPeer('Express + Passport', 'express.js', { REDIS_URL: redisUrl })

export async function startBetterAuth() {
  const env = { DB_FILE: `${temporaryFolder()}/auth.db` }
  const server = await startProcess(fileOf('better-auth.js'), { core, env })
  const user = { name: 'Ada Lovelace', email: 'ada@example.com', password: 'a long first password' }
  const { cookie } = await postJson(`${server.url}/api/auth/sign-up/email`, user)
  return casesOf('better-auth', server, {
    // Returns better-auth's own reply. No origin header: better-auth would have to be configured for it.
    'get-session by cookie': request('GET', '/api/auth/get-session', { cookie }),
    'whoami by cookie': fromPage('GET', '/whoami/cookie', { cookie })
  })
}
