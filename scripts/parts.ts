import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'

// What can be removed. A part is a folder of a wing; by convention its tests mirror it, its page is docs/<part>.md, and what it adds
// to another concern is a file of its name there.

export const WINGS = ['src/plugins/platform', 'src/plugins/http', 'src/plugins/identity', 'src/features', 'src/routes']
/** Where lines may name any part: nothing here depends on one. */
const INDEXES = ['src/app.ts', 'src/tables.ts', 'src/routes/index.ts', 'scripts/console.ts']

/** The removable parts, with the patterns of what belongs to them outside their folder, tests, and page. */
const PARTS: Record<string, string[]> = {
  notes: ['example/src/notes/*', 'test/browser/notes.browser.ts'],
  session: [],
  jwt: ['example/src/transport-switch.tsx'],
  blocklist: [],
  metrics: ['deploy/grafana-dashboard.json', 'deploy/prometheus*.yaml'],
  tracing: [],
  'second-factor': [
    'client/src/second-factor.ts',
    'example/src/second-factor/*',
    'test/browser/{authenticator-app,second-factor.browser,journey.browser}.ts',
    'test/client/second-factor.test.ts'
  ],
  'api-tokens': [
    'scripts/users-tokens.ts',
    'client/src/api-tokens.ts',
    'example/src/api-tokens/*',
    'test/browser/api-tokens.browser.ts'
  ],
  realtime: [
    'client/src/{notifications,feed,event-stream,leader,keep-trying}.ts',
    'example/src/notifications/*',
    'scripts/doctor-streams.ts',
    'test/client/notifications{,.slow}.test.ts',
    'test/deploy/streams.slow.test.ts',
    'test/scripts/doctor-streams.slow.test.ts'
  ],
  channels: [
    'src/routes/rooms/*',
    'client/src/{channels,roster,socket}.ts',
    'example/src/chat/*',
    'test/routes/rooms/*',
    'test/client/channels.test.ts',
    'test/deploy/sockets.slow.test.ts',
    'test/browser/chat.browser.ts',
    'bench/{realtime.json,realtime/**/*.*}'
  ],
  oidc: ['client/src/oidc.ts', 'example/src/oidc/*', 'test/browser/oidc.browser.ts', 'test/client/oidc.test.ts'],
  roles: [
    'scripts/users-roles.ts',
    'client/src/admin.ts',
    'example/src/admin/*',
    'test/client/admin.test.ts',
    'test/browser/admin.browser.ts'
  ],
  storage: [
    'bench/storage.ts',
    'bench/subjects/multipart.js',
    'scripts/doctor-files.ts',
    'client/src/{files,upload}.ts',
    'example/src/files/*',
    'test/browser/files.browser.ts',
    'test/client/files.test.ts'
  ],
  passkeys: [
    'client/src/{passkeys,webauthn}.ts',
    'example/src/passkeys/*',
    'example/src/second-factor/by-passkey.tsx',
    'test/browser/{passkeys,journey}.browser.ts'
  ],
  mail: ['scripts/doctor-mail.ts', 'test/scripts/doctor-mail.slow.test.ts'],
  events: ['example/src/activity/*', 'test/example/activity.test.ts'],
  recovery: [
    'bench/reset-timing.ts',
    'example/src/recovery/*',
    'test/browser/{mailbox,recovery.browser,journey.browser}.ts'
  ],
  redis: [
    'test/**/redis-*.ts',
    'test/chaos/{cluster,control,file,hammer,mail,replica,report,rows,run,watch}.ts',
    'test/chaos/hammer/*.ts'
  ],
  docs: [
    'docs/{openapi.json,endpoints.md}',
    'scripts/{openapi,reference-endpoints}.ts',
    'test/scripts/openapi.test.ts',
    'test/**/contract.ts',
    'test/**/ways-in{,.slow}.test.ts',
    'test/generators/*.{ts,json}',
    'deploy/lint/openapi.yaml'
  ]
}
/** Lines that only a part reads, in files that stay. */
export const PART_LINES: Record<string, RegExp> = { 'api-tokens': /^ *config: \{ ability: '[^']*' \},\n/gm }
/** One of these has to stay: without both, nobody can sign in. */
export const STRATEGIES = ['session', 'jwt']

export const partNames = Object.keys(PARTS)
/** Every file in the working copy that may name a part. */
export const listCode = (root: string) =>
  globSync('{src,test,scripts,bench,client/src,example/src}/**/*.{ts,tsx}', {
    cwd: root,
    exclude: (path) => path.includes('node_modules')
  }).map((path) => path.replaceAll('\\', '/'))

export type Part = { name: string; folder: string; files: string[] }

/** A part that is still here, with all of its files; null: removed, or never there. */
export function findPart(root: string, name: string): Part | null {
  const wing = WINGS.find((path) => existsSync(join(root, path, name)))
  if (wing === undefined || !PARTS[name]) return null
  const folder = `${wing}/${name}`
  const patterns = [
    `${folder}/**/*.*`,
    `${folder.replace('src', 'test')}/**/*.*`,
    `{src,test}/**/${name}{,.test,.slow.test,.matrix.test}.ts`,
    `docs/${name}.md`,
    ...PARTS[name]
  ]
  const files = globSync(patterns, { cwd: root, exclude: (path) => path.includes('node_modules') })
  return { name, folder, files: files.map((path) => path.replaceAll('\\', '/')) }
}

export type Import = { statement: string; target: string; names: string[] }

/** The relative imports of a file: the statement, the file that it names, and the names that it brings. */
export function readImports(path: string, text: string): Import[] {
  const pattern = /^(?:import|export)\s(?:(?!^import)[^;'])*?'(\.[^']+)'$/gm
  return [...text.matchAll(pattern)].map(([statement, from = '']) => {
    const [clause = ''] = statement.replace(/^(import|export)\s+(type\s+)?/, '').split(/\s*from\s*'/)
    const words = clause.replaceAll(/[{}]/g, '').split(',')
    const names = words.map((word) =>
      word
        .trim()
        .replace(/^type\s+/, '')
        .replace(/^.*\sas\s+/, '')
    )
    const isBare = !statement.includes(' from ')
    return { statement, target: normalize(join(dirname(path), from)), names: isBare ? [] : names.filter(Boolean) }
  })
}

/**
 * The concerns and routes that need a part: they import from it, or their plugin names it as a dependency. A concern to which the part
 * adds a file of its own does not need it.
 */
export function findDependents(root: string, part: Part): string[] {
  const own = new Set(part.files)
  const extended = new Set(part.files.map((path) => dirname(path)))
  const users = listCode(root)
    .filter(
      (path) => path.startsWith('src/') && !own.has(path) && !extended.has(dirname(path)) && !INDEXES.includes(path)
    )
    .filter((path) => {
      const text = readFileSync(join(root, path), 'utf8')
      const isNamed = new RegExp(`dependencies: \\[[^\\]]*'${part.name}'`).test(text)
      return isNamed || readImports(path, text).some(({ target }) => own.has(target))
    })
  return [...new Set(users.map((path) => path.split('/').at(-2) ?? path))].sort()
}

/** The packages that are imported in these files. */
export function findPackages(root: string, paths: string[]): Set<string> {
  const found = paths
    .filter((path) => /\.tsx?$/.test(path))
    .flatMap((path) => [
      ...readFileSync(join(root, path), 'utf8').matchAll(/(?:from|import|import\()\s*'(@[\w-]+\/[\w.-]+|[a-z][\w.-]*)/g)
    ])
  return new Set(found.map(([, name = '']) => name))
}
