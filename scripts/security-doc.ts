import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

// npm run docs:security writes docs/security.md: each promise, and the tests that prove it, found by their titles.

const ROOT = join(import.meta.dirname, '..')
const FILE = join(ROOT, 'docs/security.md')

/** `part`: the removable folder that the promise depends on; without the folder, the promise is left out. */
export type Promised = { area: string; part?: string; promise: string; asvs: Record<string, string> }
type NotCovered = { asvs: string; level: string; what: string; why: string }
type Titled = { path: string; ids: string[]; title: string }

const readJson = <T>(path: string): T => JSON.parse(readFileSync(join(ROOT, path), 'utf8'))
export const promises = readJson<Promised[]>('docs/promises.json').filter(
  ({ part }) => part === undefined || existsSync(join(ROOT, part))
)

/** The tests whose title begins with `ASVS 6.2.1, 6.2.9: `, in the order of their files. */
export function findTitles(): Titled[] {
  const paths = globSync('test/**/*.test.ts', { cwd: ROOT }).map((path) => path.replaceAll('\\', '/'))
  return paths
    .sort()
    .flatMap((path) =>
      [...readFileSync(join(ROOT, path), 'utf8').matchAll(/(['"`])ASVS ([\d., ]+): ((?:(?!\1).)+)\1/g)].map(
        ([, , ids = '', title = '']) => ({ path, ids: ids.split(', '), title: toText(title) })
      )
    )
}

/** A title for readers: an ellipsis replaces the parts that vary in a table of cases. */
function toText(title: string) {
  return title
    .replaceAll(/,? (by|on) \$\{[^}]*\}( on \$\{[^}]*\})?|, \$\{on\}| \$\{on\}/g, '')
    .replaceAll(/\$\{[^}]*\}(\.\.\.)?/g, '…')
    .replaceAll('|', '\\|')
}

function toRow({ promise, asvs }: Promised, titles: Titled[]) {
  const proofs = titles.filter(({ ids }) => ids.some((id) => Object.hasOwn(asvs, id)))
  const ids = Object.entries(asvs).map(([id, level]) => `${id} ${level}`)
  const tests = [...new Set(proofs.map(({ path, title }) => `${title} ([${path.replace(/^test\//, '')}](../${path}))`))]
  return `| ${promise} | ${ids.join('<br>')} | ${tests.join('<br>')} |`
}

/** The text of docs/security.md. */
export function render() {
  const titles = findTitles()
  const areas = [...new Set(promises.map(({ area }) => area))]
  const tables = areas.map((area) => {
    const rows = promises.filter((promised) => promised.area === area).map((promised) => toRow(promised, titles))
    return `## ${area}\n\n| promise | ASVS 5.0 | tests |\n|---|---|---|\n${rows.join('\n')}\n`
  })
  const open = readJson<NotCovered[]>('docs/not-covered.json').map(
    ({ asvs, level, what, why }) => `| ${what} | ${asvs} ${level} | ${why} |`
  )
  return `# Security promises, and the tests that prove them

Generated from [promises.json](promises.json), [not-covered.json](not-covered.json), and the titles of the tests by
\`npm run docs:security\`. Do not edit.

Each promise lists the requirements of OWASP ASVS 5.0.0 that it meets, with their level (L1 to L3). Test titles name requirements too: a
promise lists every test that names one of its requirements.

${tables.join('\n')}
## Not covered, and why

| what | ASVS 5.0 | why |
|---|---|---|
${open.join('\n')}
`
}

if (process.argv[1] === import.meta.filename) writeFileSync(FILE, render())
