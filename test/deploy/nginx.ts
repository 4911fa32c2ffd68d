import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { freePort, waitUntil } from '../wait.ts'

// A real nginx with deploy/nginx.conf. The test changes only addresses, ports, and paths.

export const HOST = 'api.example.com'
const DEPLOY = join(import.meta.dirname, '../../deploy')
const isInstalled = spawnSync('nginx', ['-v']).status === 0

/** Why tests with nginx cannot run here, or false if they can. With CI=true they run and fail instead. */
export const noNginx: string | false =
  isInstalled || process.env['CI'] === 'true' ? false : 'needs nginx: install nginx or nginx-light'

/** Replaces words of the file; each must occur exactly as often as given. */
function adapt(text: string, replacements: [from: string, to: string, count?: number][]) {
  return replacements.reduce((sum, [from, to, count = 1]) => {
    const parts = sum.split(from)
    if (parts.length !== count + 1) throw new Error(`nginx.conf has ${from} ${parts.length - 1} times`)
    return parts.join(to)
  }, text)
}

/** A self-signed certificate for HOST. */
function makeCertificate(folder: string) {
  const names = ['-subj', `/CN=${HOST}`, '-addext', `subjectAltName=DNS:${HOST}`]
  const files = ['-keyout', join(folder, 'privkey.pem'), '-out', join(folder, 'fullchain.pem')]
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2']
  const { status, stderr } = spawnSync('openssl', ['req', ...kind, ...names, ...files])
  if (status !== 0) throw new Error(`openssl: ${stderr}`)
}

export type Nginx = Awaited<ReturnType<typeof startNginx>>

/** Starts nginx in front of replicas at these ports, and of another service if given; `more` adds a location. */
export async function startNginx(t: Test, replicas: number[], other?: number, more = '') {
  const folder = mkdtempSync(join(tmpdir(), 'starter-nginx-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  makeCertificate(folder)
  const [port, statusPort] = [await freePort(), await freePort()]
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => {
    mkdirSync(join(folder, name))
    return `${name}_temp_path ${join(folder, name)};`
  })
  const conf = join(folder, 'nginx.conf')
  const read = (name: string) => readFileSync(join(DEPLOY, name), 'utf8')
  const http = other ? adapt(read('nginx-auth-request.conf'), [['other1:4000', `127.0.0.1:${other}`]]) : ''
  const locations = other ? read('nginx-auth-request-locations.conf') : ''
  const text = adapt(read('nginx.conf'), [
    ['http {', `http {\n${temporary.join('\n')}\n${http}`],
    ['listen 443', `listen 127.0.0.1:${port}`, 2],
    ['listen 127.0.0.1:8081', `listen 127.0.0.1:${statusPort}`],
    ['/etc/nginx/tls', folder, 2],
    ['/dev/stdout', join(folder, 'access.log')],
    ['location = /_problem', `${locations}\n${more}\nlocation = /_problem`],
    // nginx ignores this of a single server, but here it has three names.
    ...(replicas.length === 1 ? [['max_fails=1', 'max_fails=0', 3] as [string, string, number]] : []),
    ...[0, 1, 2].map((i): [string, string] => [`app${i + 1}:3000`, `127.0.0.1:${replicas[i] ?? replicas[0]}`])
  ])
  writeFileSync(conf, text)
  const words = ['-e', 'stderr', '-p', folder, '-c', conf, '-g', `daemon off; pid ${join(folder, 'pid')};`]
  const checked = spawnSync('nginx', [...words, '-t'], { encoding: 'utf8' })
  if (checked.status !== 0) throw new Error(checked.stderr)

  const child = spawn('nginx', words)
  let output = ''
  child.stderr.on('data', (chunk) => {
    output += chunk
  })
  const ended = new Promise((resolve) => child.once('close', resolve))
  t.teardown(async () => {
    child.kill('SIGTERM')
    await ended
  })
  const statusUrl = `http://127.0.0.1:${statusPort}`
  const answers = () =>
    fetch(statusUrl).then(
      () => true,
      () => child.exitCode !== null
    )
  await waitUntil(answers, 'nginx answers')
  return {
    port,
    statusUrl,
    ca: readFileSync(join(folder, 'fullchain.pem')),
    output: () => output,
    checked: checked.stderr,
    log: () =>
      readFileSync(join(folder, 'access.log'), 'utf8')
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line))
  }
}
