import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'

// What linters say of the files of deploy, and of docs/openapi.json: npm run lint:deploy. Those of this folder are installed first, from its lock file.

const HERE = import.meta.dirname
const DEPLOY = join(HERE, '..')
const bin = (name: string) => join(HERE, 'node_modules/.bin', name)
const temporary = mkdtempSync(join(tmpdir(), 'starter-lint-'))
process.on('exit', () => rmSync(temporary, { recursive: true }))

/** Runs a linter; says what it found, or that it found nothing. */
function lint(what: string, command: string, ...words: string[]) {
  const { status, stdout, stderr, error } = spawnSync(command, words, { cwd: HERE, encoding: 'utf8' })
  if (error && 'code' in error && error.code === 'ENOENT') return say(what, 'left out, not installed here')
  say(what, status === 0 ? 'ok' : `\n${stdout}${stderr}`)
  if (status !== 0) process.exitCode = 1
}
const say = (what: string, verdict: string) => process.stdout.write(`${what.padEnd(30)} ${verdict}\n`)

lint('Dockerfile', bin('dockerfile-utils'), 'lint', join(DEPLOY, 'Dockerfile'))
// The order of keys is that of reading, not the alphabet's.
const order = ['--disable-rule', 'service-keys-order', 'top-level-properties-order']
lint('compose.yaml', bin('dclint'), join(DEPLOY, 'compose.yaml'), '--max-warnings', '0', ...order)

const contract = join(HERE, '../../docs/openapi.json')
lint(
  'docs/openapi.json',
  bin('spectral'),
  'lint',
  contract,
  '--ruleset',
  join(HERE, 'openapi.yaml'),
  '--fail-severity=hint'
)

// Of a template an instance is checked.
const unit = join(temporary, 'starter@3001.service')
copyFileSync(join(DEPLOY, 'starter@.service'), unit)
lint('starter@.service', 'systemd-analyze', 'verify', unit)
lint('starter@.service, exposure', 'systemd-analyze', 'security', '--offline=yes', '--threshold=15', unit)

type Manifest = { apiVersion: string; kind: string }
type Model = new (manifest: Manifest) => { validate(): void }
const manifests = readdirSync(join(DEPLOY, 'kubernetes')).flatMap((name) =>
  parseAllDocuments(readFileSync(join(DEPLOY, 'kubernetes', name), 'utf8')).map((document) => ({
    name,
    manifest: document.toJS() as Manifest
  }))
)
for (const { name, manifest } of manifests) {
  const models = await import(join(HERE, 'node_modules/kubernetes-models', manifest.apiVersion, 'index.js'))
  try {
    ;new (models[manifest.kind] as Model)(manifest).validate()
    say(`${name}, ${manifest.kind}`, 'ok')
  } catch (error) {
    say(`${name}, ${manifest.kind}`, (error as Error).message)
    process.exitCode = 1
  }
}
// The schemas let unknown names pass; the type check of the same API does not.
const typed = manifests.map(
  ({ manifest }, i) =>
    `import type { I${manifest.kind} as T${i} } from 'kubernetes-models/${manifest.apiVersion}'
export const manifest${i}: T${i} = ${JSON.stringify(manifest, null, 1)}`
)
const file = join(HERE, 'node_modules/manifests.ts')
writeFileSync(file, typed.join('\n'))
const options = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext', '--ignoreConfig']
lint('names in kubernetes/', join(HERE, '../../node_modules/.bin/tsc'), ...options, file)
