import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AwsClient } from 'aws4fetch'
import type { Test } from 'tap'
import { parseBucket } from '../../../src/features/storage/address.ts'
import { freePort, waitUntil } from '../../wait.ts'

// A real S3 server: Ceph's gateway, with a monitor and a store in memory. It checks signatures, lengths, and hashes.

const PROGRAMS = ['ceph-mon', 'ceph-osd', 'radosgw', 'ceph-authtool', 'monmaptool', 'radosgw-admin', 'ceph']
const isInstalled = PROGRAMS.every((name) => spawnSync(name, ['--version']).status === 0)

/** Why tests with S3 cannot run here, or false if they can. With CI=true they run and fail instead. */
export const noRadosgw: string | false =
  isInstalled || process.env['CI'] === 'true' ? false : 'needs Ceph: apt-get install radosgw ceph-mon ceph-osd'

const ID = '01890a5d-ac96-774b-bcce-b302099a8057'
const OSD = '01890a5d-ac96-774b-bcce-b302099a8058'

/** Starts the server with a bucket; returns its STORAGE_URI and its port. */
export async function startRadosgw(t: Test) {
  if (!isInstalled) throw new Error('Tests with S3 need Ceph in PATH: apt-get install radosgw ceph-mon ceph-osd')
  const folder = mkdtempSync(join(tmpdir(), 'starter-s3-'))
  const [monPort, port] = [await freePort(), await freePort()]
  const at = (name: string) => join(folder, name)
  const env = { ...process.env, CEPH_CONF: at('ceph.conf') }
  writeFileSync(
    at('ceph.conf'),
    `[global]
fsid = ${ID}
mon host = [v2:127.0.0.1:${monPort}/0]
public addr = 127.0.0.1
ms bind msgr1 = false
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd crush chooseleaf type = 0
mon allow pool size one = true
osd objectstore = memstore
keyring = ${at('keyring')}
run dir = ${folder}
log file =
admin socket =
mon data = ${at('mon')}
osd data = ${at('osd')}
rgw data = ${at('rgw')}
`
  )
  for (const name of ['osd', 'rgw']) mkdirSync(at(name))

  const daemons: ChildProcess[] = []
  t.teardown(async () => {
    for (const daemon of daemons.reverse()) {
      if (daemon.exitCode !== null || !daemon.kill('SIGKILL')) continue
      await once(daemon, 'exit')
    }
    rmSync(folder, { recursive: true, force: true })
  })
  const start = (name: string, ...words: string[]) => {
    daemons.push(spawn(name, [...words, '-f'], { env, stdio: 'ignore' }))
  }
  const run = (name: string, ...words: string[]) => {
    const { status, stderr } = spawnSync(name, words, { env, encoding: 'utf8', timeout: 60_000 })
    if (status !== 0) throw new Error(`${name} ${words[0]}: ${stderr}`)
  }

  const allow = ['--cap', 'mon', 'allow *', '--cap', 'osd', 'allow *']
  run('ceph-authtool', '--create-keyring', at('keyring'), '--gen-key', '-n', 'mon.', ...allow.slice(0, 3))
  run('ceph-authtool', at('keyring'), '--gen-key', '-n', 'client.admin', ...allow)
  run(
    'ceph-authtool',
    at('keyring'),
    '--gen-key',
    '-n',
    'osd.0',
    '--cap',
    'mon',
    'allow profile osd',
    ...allow.slice(3)
  )
  run('monmaptool', '--create', '--fsid', ID, '--addv', 'a', `[v2:127.0.0.1:${monPort}]`, at('monmap'))
  run('ceph-mon', '--mkfs', '-i', 'a', '--monmap', at('monmap'), '--keyring', at('keyring'))
  start('ceph-mon', '-i', 'a')
  run('ceph', 'osd', 'new', OSD)
  run('ceph-osd', '-i', '0', '--mkfs', '--osd-uuid', OSD)
  start('ceph-osd', '-i', '0')
  start('radosgw', '-n', 'client.admin', '--rgw-frontends', `beast endpoint=127.0.0.1:${port}`)
  const isUp = () =>
    fetch(`http://127.0.0.1:${port}/`).then(
      ({ ok }) => ok,
      () => false
    )
  await waitUntil(isUp, 'S3 answers', 120_000)

  run('radosgw-admin', 'user', 'create', '--uid=app', '--display-name=app', '--access-key=KEY', '--secret=a/secret+key')
  /** The STORAGE_URI of the bucket, directly or by way of a proxy. */
  const uri = (through = port) => `s3://KEY:a%2Fsecret%2Bkey@127.0.0.1:${through}/files?region=default`
  const bucket = parseBucket(uri())
  if (bucket === null) throw new Error('no bucket')
  const client = new AwsClient({ ...bucket, service: 's3' })
  const base = bucket.base.slice(0, -1)
  const { status } = await client.fetch(base, { method: 'PUT' })
  if (status !== 200) throw new Error(`the bucket could not be created: ${status}`)
  return {
    port,
    uri,
    /** The keys in the bucket. */
    async keys() {
      const text = await (await client.fetch(`${base}?list-type=2`)).text()
      return [...text.matchAll(/<Key>([^<]+)<\/Key>/g)].map(([, key = '']) => key)
    },
    /** Lets strangers list the bucket, or not. */
    setAccess: (acl: 'public-read' | 'private') =>
      client.fetch(`${base}?acl`, { method: 'PUT', headers: { 'x-amz-acl': acl } }),
    /** From now on, the user may store nothing more. */
    fill() {
      run('radosgw-admin', 'quota', 'set', '--quota-scope=user', '--uid=app', '--max-objects=0', '--max-size=1')
      run('radosgw-admin', 'quota', 'enable', '--quota-scope=user', '--uid=app')
    },
    empty: () => run('radosgw-admin', 'quota', 'disable', '--quota-scope=user', '--uid=app')
  }
}
