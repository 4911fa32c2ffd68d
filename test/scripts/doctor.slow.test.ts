import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer, request as forward, type RequestOptions } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { checks } from '../../scripts/doctor-rules.ts'
import type { Environment } from '../../src/plugins/platform/config/settings.ts'
import { PASSWORD, transports } from '../build.ts'
import { noNginx, startNginx } from '../deploy/nginx.ts'
import { freshFolder, settled, signUpBy, startListening } from '../process.ts'
import { freePort } from '../wait.ts'

/** Correct settings for production: two host names of one site, behind a proxy. */
const production: Environment = {
  COOKIE_SECURE: 'true',
  CORS_API_ORIGINS: 'https://app.example.com',
  TRUST_PROXY: '10.0.0.0/8',
  HOST: '0.0.0.0'
}
/** The settings of .env.example. */
const local: Environment = { COOKIE_SECURE: 'false', CORS_API_ORIGINS: 'http://localhost:5173', API_DOCS: 'true' }

/** Runs the doctor in this folder; names under example.com lead to this machine. */
async function run(folder: string, words: string[], environment: Record<string, string | undefined>) {
  const lookup = join(folder, 'lookup.mjs')
  writeFileSync(
    lookup,
    `import dns from 'node:dns'
const { lookup } = dns
dns.lookup = (name, ...rest) => lookup(name.endsWith('.example.com') ? '127.0.0.1' : name, ...rest)`
  )
  const script = join(import.meta.dirname, '../../scripts/doctor.ts')
  const env = { PATH: process.env['PATH'], ...environment }
  const child = spawn(process.execPath, ['--import', lookup, script, ...words], { cwd: folder, env })
  const said = { out: '', err: '' }
  child.stdout.on('data', (chunk) => {
    said.out += chunk
  })
  child.stderr.on('data', (chunk) => {
    said.err += chunk
  })
  const [code] = await once(child, 'close')
  return {
    ...said,
    code: code as number,
    settings: [...said.err.matchAll(/^ {6}(\S+(?: proxy)?):/gm)].map(([, name]) => name)
  }
}

t.test('the command prints pass and FAIL, writes no file, and sets its exit code', async (t) => {
  const folder = freshFolder(t)
  const words = ['--spa', 'http://localhost:5173', '--api', 'http://localhost:3000']
  const unset = await run(folder, words, {})
  t.match(unset, { code: 1, out: '', err: /SECRET_KEY is required/ })
  const well = await run(folder, words, { ...settled, ...local } as Record<string, string>)
  t.match(well, { code: 0, err: '' })
  t.equal(well.out.match(/^pass {2}/gm)?.length, checks.length)
  const ill = await run(folder, words, {
    ...settled,
    COOKIE_SECURE: 'false',
    CORS_API_ORIGINS: 'http://localhost:8080'
  })
  t.match(ill, { code: 1, err: /^FAIL {2}.*\n {6}CORS_API_ORIGINS: Pages of this origin may not send/ })
  t.match(await run(folder, ['--spa', 'app', '--api', 'api'], {}), { code: 1, err: /--spa must be an address/ })
  t.match(await run(folder, ['--spa', 'file://app', '--api', 'http://localhost:3000'], {}), { code: 1, err: /--spa/ })
  t.match(await run(folder, [], {}), { code: 1, err: /^Give the addresses[\s\S]*npm run doctor/ })
  t.match(await run(folder, ['--help'], {}), { code: 0, out: /npm run doctor/ })
})

const account = { DOCTOR_PASSWORD: PASSWORD }
const noCookies = transports.every(({ kind }) => kind !== 'cookie') && 'logs in by cookie'

/** Starts the service with these settings; returns the arguments that make the doctor examine it. */
async function startLocal(t: Test, settings: Record<string, string> = {}) {
  const folder = freshFolder(t)
  const server = await startListening(t, folder, {
    ...settled,
    ...local,
    HOST: 'localhost',
    STREAM_HEARTBEAT: '1s',
    ...settings
  } as never)
  const api = `http://localhost:${server.port}`
  await signUpBy(api, 'ada')
  const own = { ...settled, ...local, PORT: `${server.port}`, ...account } as Record<string, string>
  return { folder, own, words: ['--spa', 'http://localhost:5173', '--api', api, '--live', '--user', 'ada'] }
}

t.test('--live finds nothing if all is well, and leaves no session', { skip: noCookies }, async (t) => {
  const { folder, own, words } = await startLocal(t)
  const { code, err, out } = await run(folder, words, own)
  t.match({ code, err }, { code: 0, err: '' })
  t.match(out, /Clients cannot choose their address; the service sees (127\.0\.0\.1|::1)$/m)
  const anonymous = await run(folder, words.slice(0, 5), own)
  t.match(anonymous, { code: 0, err: '' }, 'without an account too')
  t.match(await run(folder, words, { ...own, DOCTOR_PASSWORD: 'wrong' }), { code: 1, settings: ['--user'] })
  const byToken = await run(folder, [...words, '--no-cookies'], own)
  t.match(byToken, { code: 0, err: '', out: /The page may log out/ }, 'nor by token')
  t.notMatch(byToken.out, /Browsers store the cookie that it sends/)
})

t.test('--live calls the service as a page of an app would', async (t) => {
  const CORS_API_ORIGINS = 'capacitor://localhost'
  const { folder, own, words } = await startLocal(t, { CORS_API_ORIGINS })
  const asApp = ['--spa', CORS_API_ORIGINS, ...words.slice(2), '--no-cookies']
  t.match(await run(folder, asApp, { ...own, CORS_API_ORIGINS }), {
    code: 0,
    err: '',
    out: /The service allows the preflight of the page/
  })
})

t.test('--live notices that the running service has other settings', { skip: noCookies }, async (t) => {
  const { folder, own, words } = await startLocal(t, { CORS_API_ORIGINS: 'http://localhost:8080' })
  t.match(await run(folder, words, own), {
    settings: ['CORS_API_ORIGINS', 'CORS_API_ORIGINS', 'the proxy'],
    err: /Pages of this origin may not send cookies here/
  })
})

t.test('--live notices that clients can choose their address', { skip: noCookies }, async (t) => {
  const { folder, own, words } = await startLocal(t, { TRUST_PROXY: '127.0.0.1,::1' })
  t.match(await run(folder, words, own), { settings: ['TRUST_PROXY'] })
})

/** Starts a proxy that changes what it passes on; returns its address. */
async function startMeddler(t: Test, target: number, hide: { host?: string; reply?: string; path?: string }) {
  const meddler = createServer((request, reply) => {
    const headers = { ...request.headers, ...(hide.host && { host: hide.host }) }
    const path = request.url?.replace(hide.path ?? '', '')
    const passed = { host: 'localhost', port: target, method: request.method, path, headers }
    const upstream = forward({ ...passed, agent: false } as RequestOptions, (answer) => {
      if (hide.reply) delete answer.headers[hide.reply]
      reply.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(reply)
    })
    request.pipe(upstream)
  })
  await new Promise<void>((resolve) => meddler.listen(0, 'localhost', resolve))
  t.teardown(() => meddler.close())
  return `http://localhost:${(meddler.address() as AddressInfo).port}`
}

t.test('--live notices the mistakes of a proxy', { skip: noCookies }, async (t) => {
  const { folder, own } = await startLocal(t)
  const port = Number(own['PORT'])
  const page = 'http://localhost:5173'
  const withoutCookie = await startMeddler(t, port, { reply: 'set-cookie' })
  const words = ['--live', '--user', 'ada']
  const { settings, err } = await run(folder, ['--spa', page, '--api', withoutCookie, ...words], own)
  t.match(settings, ['the proxy'], `it takes the cookie away: ${err}`)
  const unreadable = await startMeddler(t, port, { reply: 'access-control-allow-origin' })
  const found = (await run(folder, ['--spa', page, '--api', unreadable, '--live'], own)).settings
  t.same(found, ['CORS_API_ORIGINS', 'the proxy'], 'it takes the permission to read away')
  const otherHost = await startMeddler(t, port, { host: 'app:3000' })
  const fine = await run(folder, ['--spa', otherHost, '--api', otherHost, ...words], own)
  t.match(fine, { code: 0, err: '' }, 'a Host of its own is no fault: fetch metadata say whose page it is')
  const belowPath = await startMeddler(t, port, { path: '/v1' })
  const check = async (end: string) => {
    const below = await run(folder, ['--spa', page, '--api', belowPath + end, ...words], own)
    t.match(below, { code: 0, err: '' }, `nor is a path that it takes away: ${end}`)
  }
  await Promise.all(['/v1', '/v1/api', '/v1/'].map(check))
})

t.test('--live notices that nothing answers, or another server', async (t) => {
  const folder = freshFolder(t)
  const port = `${await freePort()}`
  const words = ['--spa', 'http://localhost:5173', '--api', `http://localhost:${port}`, '--live']
  const env = { ...settled, ...local, PORT: port } as Record<string, string>
  t.match(await run(folder, words, env), { code: 1, settings: ['--api'] })
})

t.test('--live works through nginx over HTTPS', { skip: noNginx || noCookies }, async (t) => {
  const folder = freshFolder(t)
  const own = { TRUST_PROXY: '127.0.0.1', HOST: '127.0.0.1', STREAM_HEARTBEAT: '1s' }
  const settings = { ...settled, ...production, ...own } as Record<string, string>
  for (const COOKIE_SECURE of ['true', 'false']) {
    const server = await startListening(t, folder, { ...settings, COOKIE_SECURE })
    if (COOKIE_SECURE === 'true') await signUpBy(server.url, 'ada')
    const proxy = await startNginx(t, [server.port])
    const authority = join(folder, 'ca.pem')
    writeFileSync(authority, proxy.ca)
    const words = ['--spa', 'https://app.example.com', '--api', `https://api.example.com:${proxy.port}`, '--live']
    const environment = { ...settings, ...account, NODE_ENV: 'production', NODE_EXTRA_CA_CERTS: authority }
    const { settings: found, err } = await run(folder, [...words, '--user', 'ada'], environment)
    t.same(found, COOKIE_SECURE === 'true' ? [] : ['HSTS', 'COOKIE_SECURE'], err)
    server.child.kill()
    await server.exited
  }
})
