import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import t from 'tap'

const SCRIPT = join(import.meta.dirname, '../../scripts/calibrate-hash.ts')
const env = { PATH: process.env['PATH'] }
const run = (...words: string[]) => spawnSync(process.execPath, [SCRIPT, ...words], { env, encoding: 'utf8' })

t.test('npm run calibrate-hash measures a hash, and never suggests unsafe parameters', async (t) => {
  const { status, stdout } = run('1')
  t.equal(status, 0)
  t.match(stdout, /^now {3}memoryCost: 19456 \(19 MiB\), timeCost: 2: [\d.]+ ms\n {6}\d+ hashes a second/)
  t.match(stdout, 'keep them')
  // More than a hash takes now, on any machine.
  const ms = Math.ceil(Number(/([\d.]+) ms/.exec(stdout)?.[1]) * 4)
  const proposed = /memoryCost: (\d+).*timeCost: (\d+)/.exec(run(`${ms}`).stdout.split('\n')[2] ?? '')
  t.ok(Number(proposed?.[1]) >= 19_456)
  t.ok(Number(proposed?.[2]) >= 2)
  for (const words of ['0', 'fast', '-5']) t.match(run(words), { status: 1, stderr: /milliseconds/ })
})
