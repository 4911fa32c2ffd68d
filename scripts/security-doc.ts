import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

// Which test proves which promise, from the titles of the tests: npm run docs:security writes docs/security.md.

const ROOT = join(import.meta.dirname, '..')
const FILE = join(ROOT, 'docs/security.md')

/** `part`: the folder that keeps the promise, if it can be removed. */
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

/** A title as a reader knows it: what it says for each of a table is an ellipsis. */
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
  return `# What is promised, and the tests that prove it

Made by \`npm run docs:security\` from [promises.json](promises.json) and the titles of the tests; do not edit. The numbers are
paragraphs of OWASP ASVS 5.0.0 with their level. A test stands at each promise that shares a paragraph with its title.

${tables.join('\n')}
## Not covered, and why

| what | ASVS 5.0 | why |
|---|---|---|
${open.join('\n')}
`
}

if (process.argv[1] === import.meta.filename) writeFileSync(FILE, render())
