import { join } from 'node:path'
import { openClient, request } from './client.ts'
import type { Case } from './compare.ts'
import { SERVER_CORE, startProcess } from './process.ts'
import { fromPage, startService, temporaryFolder } from './service.ts'

export const CONNECTIONS = 32
const core = SERVER_CORE
const fileOf = (name: string) => join(import.meta.dirname, 'subjects', name)

type Running = { port: number; url: string; usage: Case['server']['usage']; stop: () => Promise<void> }

/** The cases of one server: each request over the same connections. */
async function casesOf(subject: string, server: Running, requests: Record<string, Buffer>) {
  const client = await openClient(server.port, CONNECTIONS)
  const cases = Object.entries(requests).map(([name, bytes]): Case => ({ subject, name, server, client, bytes }))
  const stop = async () => {
    client.close()
    await server.stop()
  }
  return { cases, stop }
}

async function postJson(url: string, body: object = {}) {
  const headers = { 'content-type': 'application/json', origin: new URL(url).origin }
  const reply = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })
  if (!reply.ok) throw new Error(`${url} answered ${reply.status}`)
  const cookie = reply.headers.getSetCookie()[0]?.split(';')[0] ?? ''
  return { cookie, members: (await reply.json()) as { accessToken: string } }
}

/** Bare Fastify, the baseline of all others. */
export async function startBare() {
  const server = await startProcess(fileOf('bare.ts'), { core })
  return casesOf('bare Fastify', server, { whoami: fromPage('GET', '/whoami'), me: fromPage('GET', '/me') })
}

/** This service, by either transport. */
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
    'whoami by bearer': request('GET', '/whoami/bearer', { authorization: `Bearer ${members.accessToken}` }),
    'whoami by cookie': request('GET', '/whoami/cookie', { cookie })
  })
}

/** The same plugins with their default settings. */
export const startPlain = () => startPeer('plain assembly', 'plain.ts')

export const startExpress = (redisUrl: string) => startPeer('Express + Passport', 'express.js', { REDIS_URL: redisUrl })

export async function startBetterAuth() {
  const server = await startProcess(fileOf('better-auth.js'), {
    core,
    env: { DB_FILE: `${temporaryFolder()}/auth.db` }
  })
  const user = { name: 'Ada Lovelace', email: 'ada@example.com', password: 'a long first password' }
  const { cookie } = await postJson(`${server.url}/api/auth/sign-up/email`, user)
  return casesOf('better-auth', server, {
    'get-session, its Node handler': request('GET', '/api/auth/get-session', { cookie }),
    'whoami by cookie': request('GET', '/whoami/cookie', { cookie })
  })
}
