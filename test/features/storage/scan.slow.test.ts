import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import t, { type Test } from 'tap'
import { build, logIn } from '../../build.ts'
import { freePort, waitUntil } from '../../wait.ts'
import { create, get, outcome, put, someBytes } from './calls.ts'

// A real clamd, with one signature: that of the EICAR test file.

// Debian installs it in /usr/sbin, which is not in every PATH.
const PATH = [process.env['PATH'], '/usr/sbin'].join(delimiter)
const isInstalled = spawnSync('clamd', ['--version'], { env: { PATH } }).status === 0
// In two parts, so that no scanner finds this file.
const EICAR = Buffer.from(`X5O!P%@AP[4\\PZX54(P^)7CC)7}$${'EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*'}`)

const accepts = (port: number) => {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false))
  return promise.finally(() => socket.destroy())
}

async function startClamd(t: Test) {
  const folder = mkdtempSync(join(tmpdir(), 'starter-clamd-'))
  const port = await freePort()
  mkdirSync(join(folder, 'db'))
  writeFileSync(join(folder, 'db/test.ndb'), `Eicar-Test:0:*:${EICAR.toString('hex')}\n`)
  const lines = ['Foreground yes', `DatabaseDirectory ${folder}/db`, `TCPSocket ${port}`, 'TCPAddr 127.0.0.1']
  writeFileSync(join(folder, 'clamd.conf'), [...lines, 'StreamMaxLength 1M', ''].join('\n'))
  const clamd = spawn('clamd', ['-c', join(folder, 'clamd.conf')], { env: { PATH }, stdio: 'ignore' })
  const ended = once(clamd, 'exit')
  const stop = async () => {
    clamd.kill('SIGKILL')
    await ended
    rmSync(folder, { recursive: true, force: true })
  }
  t.teardown(stop)
  await waitUntil(() => accepts(port), 'clamd listens', 60_000)
  return { url: `tcp://127.0.0.1:${port}`, stop }
}

const skip = isInstalled || process.env['CI'] === 'true' ? false : 'needs clamd: apt-get install clamav-daemon'
t.test('ASVS 5.4.3: malware is refused, and without a scan nothing is stored', { skip }, async (t) => {
  const clamd = await startClamd(t)
  const folder = t.testdir()
  const app = await build(t, { STORAGE_URI: `file:${folder}`, SCAN_URL: clamd.url })
  const ada = await logIn(app, 'ada')
  const sendNew = async (bytes: Buffer) => {
    const { id } = await create(app, ada, { size: bytes.length })
    return { id, outcome: outcome(await put(app, ada, id, bytes)) }
  }
  const clean = someBytes(500_000)
  const stored = await sendNew(clean)
  t.equal(stored.outcome, '200')
  t.ok((await get(app, ada, stored.id)).rawPayload.equals(clean))
  t.equal((await sendNew(Buffer.alloc(0))).outcome, '200')
  const before = readdirSync(folder)

  for (const bytes of [EICAR, Buffer.concat([someBytes(200_000), EICAR, someBytes(200_000)])]) {
    const infected = await sendNew(bytes)
    t.equal(infected.outcome, '422 FILE_INFECTED')
    t.equal(outcome(await get(app, ada, infected.id)), '404 FILE_NOT_FOUND')
  }
  t.equal((await sendNew(someBytes(2_000_000))).outcome, '503 SCANNER_UNAVAILABLE', 'larger than clamd reads')
  await clamd.stop()
  t.equal((await sendNew(clean)).outcome, '503 SCANNER_UNAVAILABLE', 'clamd is down')
  t.strictSame(readdirSync(folder), before)
  t.equal((await get(app, ada, stored.id)).statusCode, 200)
})

t.test('SCAN_URL is the address of clamd', async (t) => {
  for (const SCAN_URL of ['localhost:3310', 'http://clamd:3310', 'tcp://', 'tcp://clamd:3310/path'])
    await t.rejects(build(t, { SCAN_URL }), /SCAN_URL must be the address of clamd/, SCAN_URL)
})
