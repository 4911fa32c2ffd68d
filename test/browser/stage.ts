import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { chromium, type Page, type Request } from 'playwright-core'
import tap, { type Test } from 'tap'
import { startNginx } from '../deploy/nginx.ts'
import { freshFolder, settled, startListening } from '../process.ts'
import { here } from '../tls.ts'
import { freePort, waitUntil } from '../wait.ts'

// A real browser, pages of three origins, and the service. All host names resolve to this machine.

const ROOT = join(import.meta.dirname, '../..')
export const EXAMPLE = join(ROOT, 'example')
const PROGRAMS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
const chromiumPath = process.env['CHROMIUM'] ?? PROGRAMS.find(existsSync)
/** The screenshots of a run. Some of them are copied to docs/screenshots for the README. */
const SCREENSHOTS = join(ROOT, '.tap/screenshots')

/** The origins of the page and the service, which decide what the browser allows. */
export type World = {
  name: string
  scheme: 'http' | 'https'
  hosts: { api: string; app: string; foreign: string[] }
  settings: Record<string, string>
}
export const worlds: [World, World] = [
  {
    name: 'http on localhost',
    scheme: 'http',
    hosts: { api: 'localhost', app: 'localhost', foreign: ['localhost'] },
    settings: { COOKIE_SECURE: 'false', HOST: 'localhost', PASSKEY_RP_ID: 'localhost' }
  },
  {
    name: 'https on two sites',
    scheme: 'https',
    // blog.example.org shares the partitioned cookies of the app.
    hosts: { api: 'api.example.com', app: 'app.example.org', foreign: ['blog.example.org', 'www.example.net'] },
    settings: {
      ...{ COOKIE_SECURE: 'true', COOKIE_SAME_SITE: 'none', TRUST_PROXY: '127.0.0.1/32' },
      PASSKEY_RP_ID: 'app.example.org'
    }
  }
]
/** The page, the service and an attacker's page on subdomains of one domain. */
export const siblings: World = {
  name: 'https under one domain',
  scheme: 'https',
  hosts: { api: 'api.example.com', app: 'app.example.com', foreign: ['evil.example.com'] },
  settings: { COOKIE_SECURE: 'true', TRUST_PROXY: '127.0.0.1/32', PASSKEY_RP_ID: 'app.example.com' }
}

/** Serves this origin until the test ends; returns the origin. */
async function listen(t: Test, { scheme }: World, host: string, answer: RequestListener) {
  const server = scheme === 'https' ? createTlsServer(here, answer) : createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return `${scheme}://${host}:${(server.address() as AddressInfo).port}`
}

const TYPES: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' }

/** Stands for the address of the service in a built page, which each stage serves with its own. */
const API_PLACEHOLDER = 'http://api.placeholder'

/** Builds the page in this folder with the example's Vite; returns the output folder. */
export function buildPage(t: Test, source: string) {
  const folder = mkdtempSync(join(tmpdir(), 'starter-page-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const vite = join(EXAMPLE, 'node_modules/vite/bin/vite.js')
  const words = [process.execPath, vite, 'build', '--outDir', folder, '--emptyOutDir']
  // Without NODE_OPTIONS, which loads the test runner into every process.
  const { status, stderr } = spawnSync('env', ['-u', 'NODE_OPTIONS', `VITE_API=${API_PLACEHOLDER}`, ...words], {
    cwd: source,
    encoding: 'utf8'
  })
  if (status !== 0) throw new Error(`vite: ${stderr}`)
  return folder
}
let example: string | undefined
/** Builds the example once for all tests of a file. */
function buildExample() {
  example ??= buildPage(tap, EXAMPLE)
  return example
}

type Settings = Record<string, string>
/** Starts the page and the service with these settings, which may depend on the origin of the page. `foreign`: empty pages of other origins. */
export async function openStage(
  t: Test,
  world: World,
  settings: Settings | ((app: string) => Settings) = {},
  build: (api: string) => string = buildExample
) {
  let folder = ''
  const app = await listen(t, world, world.hosts.app, ({ url = '/' }, reply) => {
    const { pathname } = new URL(url, 'http://page')
    const file = join(folder, pathname === '/' ? 'index.html' : pathname)
    if (!existsSync(file)) return reply.writeHead(404).end()
    const type = TYPES[extname(file)]
    const body = type ? readFileSync(file, 'utf8').replaceAll(API_PLACEHOLDER, api) : readFileSync(file)
    reply.writeHead(200, { 'content-type': type ?? 'application/octet-stream' }).end(body)
  })
  const empty: RequestListener = (_request, reply) =>
    reply.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>Foreign</title>')
  const foreign = await Promise.all(world.hosts.foreign.map((host) => listen(t, world, host, empty)))

  const own = typeof settings === 'function' ? settings(app) : settings
  const home = freshFolder(t)
  const port = `${await freePort()}`
  const environment = {
    ...settled,
    // The browser may use all of the processor.
    ...{ MAX_EVENT_LOOP_DELAY_MS: '0', CORS_API_ORIGINS: app, PORT: port },
    ...world.settings,
    ...own
  }
  let service = await startListening(t, home, environment)
  const proxy = world.scheme === 'https' ? await startNginx(t, [Number(port)]) : null
  const api = `${world.scheme}://${world.hosts.api}:${proxy?.port ?? port}`
  folder = build(api)
  return {
    api,
    app,
    foreign,
    /** The log of the service since its last start. */
    log: () => service.output(),
    /** Runs `npm run users` next to the service. */
    users(...words: string[]) {
      const env = { PATH: process.env['PATH'], ...environment }
      const command = [join(ROOT, 'scripts/users.ts'), ...words]
      const { status, stderr } = spawnSync(process.execPath, command, { cwd: home, env, encoding: 'utf8' })
      if (status !== 0) throw new Error(stderr)
    },
    /** Kills the service and starts it again. */
    async restart() {
      service.child.kill('SIGKILL')
      await service.exited
      service = await startListening(t, home, environment)
    }
  }
}

/** What pages ask to learn which features the service has, and who has a picture. Browsers report the answer 404 in their console. */
const PROBES = /\/api\/(auth\/(oidc|passkeys\/challenge)|users\/[^/]+\/avatar)$/
/** Browsers also report each cut of a stream, which the client opens again. */
const STREAM = /\/api\/realtime\/stream\?/

/** A browser with its own profile. */
export async function openBrowser(t: Test, { phone = false } = {}) {
  if (!chromiumPath)
    throw new Error('Browser tests need Chromium: apt-get install chromium, or set CHROMIUM to its path')
  const profile = mkdtempSync(join(tmpdir(), 'starter-profile-'))
  // Incognito contexts, which are usual in tests, treat third-party cookies differently.
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: chromiumPath,
    args: ['--no-sandbox', '--host-resolver-rules=MAP * 127.0.0.1, EXCLUDE localhost'],
    ignoreHTTPSErrors: true,
    locale: 'en-US',
    timezoneId: 'UTC',
    viewport: phone ? { width: 390, height: 844 } : { width: 1000, height: 900 },
    deviceScaleFactor: 2
  })
  t.teardown(async () => {
    await context.close()
    rmSync(profile, { recursive: true, force: true })
  })
  const complaints: string[] = []
  const requests: string[] = []
  context.on('console', (message) => {
    const { url } = message.location()
    const isExpected = (message.text().includes('404') && PROBES.test(url)) || STREAM.test(`${url} ${message.text()}`)
    if (['error', 'warning'].includes(message.type()) && !isExpected) complaints.push(message.text())
  })
  context.on('weberror', (error) => complaints.push(`${error.error()}`))
  const inFlight = new Set<Request>()
  context.on('request', (request) => {
    requests.push(`${request.method()} ${request.url()}`)
    if (!STREAM.test(request.url())) inFlight.add(request)
  })
  context.on('requestfinished', (request) => inFlight.delete(request))
  context.on('requestfailed', (request) => inFlight.delete(request))
  return {
    context,
    /** Console errors and warnings of all tabs. A test that expects some removes them. */
    complaints,
    requests,
    count: (call: string) => requests.filter((request) => request === call).length,
    /** Waits until nothing but streams is in flight, for a while. */
    async isIdle() {
      let idleSince = Date.now()
      await waitUntil(() => {
        if (inFlight.size > 0) idleSince = Date.now()
        return Date.now() - idleSince > 300
      }, 'the pages are idle')
    },
    async openTab(url: string) {
      const page = await context.newPage()
      await page.goto(url)
      return page
    }
  }
}

/** Takes a screenshot of the whole page, or of the visible part. */
export async function takeScreenshot(page: Page, name: string, fullPage = true) {
  mkdirSync(SCREENSHOTS, { recursive: true })
  await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), fullPage })
}
