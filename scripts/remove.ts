import { spawnSync } from 'node:child_process'
import { existsSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { run } from './check.ts'
import {
  findDependents,
  findPackages,
  findPart,
  listCode,
  PART_LINES,
  type Part,
  partNames,
  readImports,
  STRATEGIES
} from './parts.ts'

// npm run remove -- jwt blocklist: removes parts with their tests, pages, settings, tables, and packages. --list shows them.

const ROOT = process.cwd()
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')
const write = (path: string, text: string) => writeFileSync(join(ROOT, path), text)
const say = (line: string) => void process.stdout.write(`${line}\n`)
const present = () => partNames.map((name) => findPart(ROOT, name)).filter((part) => part !== null)

function list() {
  for (const part of present()) {
    const lines = part.files.reduce((sum, path) => sum + read(path).split('\n').length - 1, 0)
    const own = new Set(part.files)
    const others = findPackages(
      ROOT,
      listCode(ROOT).filter((path) => !own.has(path))
    )
    const packages = [...findPackages(ROOT, part.files)].filter((name) => !others.has(name))
    const dependents = findDependents(ROOT, part)
    const facts = [`${lines} lines`, packages.join(', '), dependents.length > 0 && `needed by ${dependents.join(', ')}`]
    say(`${part.name.padEnd(10)} ${facts.filter(Boolean).join('; ')}`)
  }
}

/** Why these parts cannot be removed, or null. */
function refuse(names: string[]) {
  if (names.length === 0) return 'Say which: npm run remove -- notes. --list shows every part'
  for (const name of names) {
    const part = findPart(ROOT, name)
    if (!part)
      return `There is no part "${name}" to remove: ${present()
        .map((one) => one.name)
        .join(', ')}`
    const others = findDependents(ROOT, part).filter((other) => !names.includes(other))
    if (others.length > 0) return `${name} stays: ${others.join(' and ')} needs it`
  }
  const left = STRATEGIES.filter((name) => findPart(ROOT, name) && !names.includes(name))
  return left.length > 0 ? null : `${STRATEGIES.join(' and ')} cannot both go: nobody could sign in`
}

/**
 * Removes the imports of files that are gone, and each line that uses what they brought; `gone(app) ?? other` becomes `other`. No plugin
 * depends on the parts anymore.
 */
function dropImports(parts: string[]) {
  const dependency = new RegExp(`'(${parts.join('|')})'(, )?`, 'g')
  for (const path of listCode(ROOT)) {
    const text = read(path)
    const gone = readImports(path, text).filter(({ target }) => !existsSync(join(ROOT, target)))
    const names = gone.flatMap((one) => one.names).join('|')
    const independent = text.replaceAll(/(?<=\bdependencies: \[)[^\]]*/g, (list) => list.replaceAll(dependency, ''))
    if (gone.length === 0 && independent === text) continue
    let kept = gone.reduce((all, { statement }) => all.replace(`${statement}\n`, ''), independent)
    if (names !== '')
      kept = kept
        .replaceAll(new RegExp(`(?:\\(await )?\\b(?:${names})\\([^()]*\\)\\)? \\?\\? `, 'g'), '')
        .replaceAll(new RegExp(`^.*\\b(?:${names})\\b.*(?:\\n|$)`, 'gm'), '')
    write(path, kept)
    say(`  changed  ${path}`)
  }
}

/** Removes the lines that only these parts read. */
function dropLines(parts: string[]) {
  for (const path of listCode(ROOT)) {
    const text = read(path)
    const kept = parts.reduce((all, name) => all.replaceAll(PART_LINES[name] ?? /(?!)/g, ''), text)
    if (kept !== text) write(path, kept)
  }
}

/** Removes settings that no concern declares anymore: from .env.example with their comments, and where production sets them. */
function dropSettings(names: Set<string>) {
  if (names.size === 0) return
  const any = [...names].join('|')
  // A heading whose settings are all gone goes as well.
  const example = read('.env.example')
    .replaceAll(new RegExp(`(?:^# (?!---).*\\n)*^(?:${any})=.*\\n`, 'gm'), '')
    .replaceAll(/^# ---.*\n(?:# (?!---).*\n)*\n/gm, '')
  write('.env.example', `${example.trim()}\n`)
  for (const path of globSync('{compose.yaml,deploy/**/*.{yaml,service},docs/production.md}', {
    cwd: ROOT,
    exclude: (one) => one.includes('node_modules')
  })) {
    const text = read(path)
    const kept = text
      .replaceAll(new RegExp(`^(?: *(?:Environment=)?(?:${any})[=:]|# With (?:${any})\\b).*\\n`, 'gm'), '')
      .replaceAll(/^.*:\n\n```sh\n```\n\n/gm, '')
    if (kept !== text) write(path, kept)
  }
}

/** Removes the part from both files for Docker Compose, the lists and maps in the READMEs, and the promises. */
function dropMentions({ name, folder }: Part) {
  const inCompose = new RegExp(`(?:^\\n)?^( *)${name}:.*\\n(?:\\1 +.*\\n)*|^.* # ${name}\\n`, 'gm')
  for (const path of ['compose.yaml', 'deploy/compose.yaml']) write(path, read(path).replaceAll(inCompose, ''))
  const ofPart = `^( +${name}/ |curl .*\\$api/${name}\\b|- \\*\\*[^(\\n]*\\(docs/${name}\\.md\\)).*\\n`
  for (const path of ['README.md', 'example/README.md'])
    write(path, read(path).replaceAll(new RegExp(ofPart, 'gm'), ''))
  const promises = read('docs/promises.json').split(/^(?= {2}\{$)/m)
  const kept = promises.filter((text) => !text.includes(`"part": "${folder}"`)).join('')
  write(
    'docs/promises.json',
    `${kept
      .trim()
      .replace(/[,\]]+$/, '')
      .trim()
      .replace(/,$/, '')}\n]\n`
  )
}

/**
 * Of files that are gone, removes the links, the items in lists of the README, the list items that begin with a link, and the paragraphs
 * that begin with `With [metrics](metrics.md)`, each with the table that follows.
 */
function dropLinks() {
  for (const path of globSync('{*.md,{docs,client}/*.md}', { cwd: ROOT })) {
    const text = read(path)
    const isGone = (link: string) =>
      !/^(https?:|#)/.test(link) && !existsSync(join(ROOT, dirname(path), link.split('#')[0] ?? ''))
    const item = path === 'README.md' ? /,\s+\[[^\]]*\]\(([^)\s]+)\)(?=[,\n])/g : /(?!)/g
    const kept = text
      .replaceAll(/(?<=\n\n)With \[[^\]]*\]\(([^)\s]+)\)(?:.+\n)+\n(?:(?:\|.*\n)+\n)?/g, (all, link) =>
        isGone(link) ? '' : all
      )
      .replaceAll(/^- \[[^\]]*\]\(([^)\s]+)\).*\n/gm, (all, link) => (isGone(link) ? '' : all))
      .replaceAll(item, (all, link) => (isGone(link) ? '' : all))
      .replaceAll(/!?\[([^\]]*)\]\(([^)\s]+)\)/g, (all, words, link) => (isGone(link) ? words : all))
    if (kept !== text) write(path, kept)
  }
}

/** Removes a script that is gone from continuous integration, and from the tables of CONTRIBUTING.md and performance.md. */
function dropScript(name: string) {
  for (const path of [
    '.ci/run',
    'CONTRIBUTING.md',
    'docs/performance.md',
    ...globSync('.github/workflows/*.yml', { cwd: ROOT })
  ]) {
    const kept = read(path)
      .replaceAll(new RegExp(`^( *- run: npm run|\\|.*npm run) ${name}\\b.*\\n`, 'gm'), '')
      .replaceAll(new RegExp(`(, \`${name}\`| ${name})(?=[,; ])`, 'g'), '')
    write(path, kept)
  }
}

/**
 * Removes the scripts of package.json whose file is gone and the packages that nothing imports anymore. A package that only tests or
 * benchmarks still import becomes a development dependency.
 */
function updatePackage(before: Set<string>) {
  const manifest = JSON.parse(read('package.json'))
  for (const [name, command] of Object.entries<string>(manifest.scripts)) {
    const files = command.match(/(?<=\bnode )[\w/-]+\.ts\b/g) ?? []
    if (files.every((file) => existsSync(join(ROOT, file)))) continue
    delete manifest.scripts[name]
    for (const other of Object.keys(manifest.scripts))
      manifest.scripts[other] = manifest.scripts[other].replace(` && npm run ${name}`, '')
    dropScript(name)
  }
  const code = listCode(ROOT)
  const left = findPackages(ROOT, code)
  const inService = findPackages(
    ROOT,
    code.filter((path) => path.startsWith('src/'))
  )
  for (const name of before) {
    const version = manifest.dependencies[name]
    if (!left.has(name)) {
      if (version ?? manifest.devDependencies[name]) say(`  package  ${name} is no longer a dependency`)
      delete manifest.dependencies[name]
      delete manifest.devDependencies[name]
    } else if (version && !inService.has(name)) {
      delete manifest.dependencies[name]
      manifest.devDependencies = sort({ ...manifest.devDependencies, [name]: version })
      say(`  package  ${name} is for development only now`)
    }
  }
  writeManifest('.', manifest)
  const example = JSON.parse(read('example/package.json'))
  const unused = [...before].filter((name) => example.dependencies[name] && !left.has(name))
  if (unused.length === 0) return
  for (const name of unused) delete example.dependencies[name]
  writeManifest('example', example)
}
/** Writes package.json in a folder, and the lock file that goes with it. */
function writeManifest(folder: string, manifest: object) {
  write(`${folder}/package.json`, `${JSON.stringify(manifest, null, 2)}\n`)
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline']
  const fault = run('npm', 'install', '--package-lock-only', '--prefix', folder, ...quiet)
  if (fault) say(fault)
}
const sort = (record: object) => Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)))

function remove(names: string[]) {
  const parts = names.map((name) => findPart(ROOT, name)).filter((part) => part !== null)
  const packages = findPackages(
    ROOT,
    parts.flatMap(({ files }) => files)
  )
  const hasTables = parts.some(({ files }) => files.some((path) => path.endsWith('/tables.ts')))
  const settings = new Set(
    parts.flatMap(({ files }) =>
      files
        .filter((path) => path.startsWith('src/'))
        .flatMap((path) => [...read(path).matchAll(/^ {2}([A-Z][A-Z0-9_]+): \w+\(/gm)])
        .map(([, name = '']) => name)
    )
  )
  for (const { folder, files } of parts) {
    for (const path of files) rmSync(join(ROOT, path), { force: true })
    for (const path of [folder, folder.replace('src', 'test')])
      rmSync(join(ROOT, path), { recursive: true, force: true })
    for (const path of new Set(files.map(dirname)))
      if (globSync('*', { cwd: join(ROOT, path) }).length === 0)
        rmSync(join(ROOT, path), { recursive: true, force: true })
    say(`  removed  ${folder}: ${files.length} files`)
  }
  // What a removed file exported may have been used by the next one.
  dropImports(names)
  dropLines(names)
  dropSettings(settings)
  for (const part of parts) dropMentions(part)
  dropLinks()
  updatePackage(packages)
  if (hasTables) run('node', 'scripts/generate.ts', '--name', `drop_${names.join('_')}`)
}

const words = process.argv.slice(2)
const refusal = words.includes('--list') ? null : refuse(words)
if (words.includes('--list')) list()
else if (refusal) {
  process.stderr.write(`${refusal}\n`)
  process.exitCode = 1
} else {
  remove(words)
  // The modules of this process are those from before: what checks the rest starts anew.
  process.exitCode = spawnSync('node', ['scripts/check.ts'], { stdio: 'inherit' }).status ?? 1
}
