import { existsSync, globSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import dictionary from 'dictionary-en'

// npm run check:docs: checks every Markdown file: the spelling (American English), the relative links, and that the npm scripts and
// files that it names exist. Words that the dictionary does not know, and that are right, go into docs/words.txt.

const ROOT = join(import.meta.dirname, '..')
const IGNORED = ['node_modules', '.git', '.tap', 'dist']
// The package has no types.
const nspell: (dictionary: object) => { correct(word: string): boolean } = createRequire(import.meta.url)('nspell')
const speller = nspell(dictionary)
/** These describe the past, also what was removed since. */
const HISTORY = /^CHANGELOG\.md$|^docs\/(decisions\/\d|failures\.md)/
const readPackage = (path: string) => JSON.parse(readFileSync(join(ROOT, path), 'utf8'))
const { name: project } = readPackage('package.json')
const scripts = globSync('{.,client,example}/package.json', { cwd: ROOT }).flatMap((path) =>
  Object.keys(readPackage(path).scripts)
)
const known = new Set([...readFileSync(join(ROOT, 'docs/words.txt'), 'utf8').split('\n'), ...project.split('-')])

const blank = (text: string) => text.replaceAll(/[^\n]/g, ' ')
/** The text without code, with line numbers intact. */
const withoutCode = (text: string) =>
  text.replaceAll(/^(```+)[\s\S]*?^\1|<!--[\s\S]*?-->/gm, blank).replaceAll(/`[^`\n]+(\n[^`\n]+)?`/g, blank)
const lineAt = (text: string, index: number) => text.slice(0, index).split('\n').length

/** True for words of the dictionary or of docs/words.txt, and for names such as OWASP or PostgreSQL. */
function isKnown(word: string) {
  if (/\p{L}\p{Lu}/u.test(word)) return true
  const base = word.replace(/(’s|'s|'|’)$/, '')
  return [word, base, base.toLowerCase()].some((form) => known.has(form) || speller.correct(form.replace('’', "'")))
}

function misspellings(text: string) {
  const prose = withoutCode(text).replaceAll(
    /\]\([^)]*\)|https?:\/\/\S+|<[^>]+>|&\w+;|[\w.-]*[\d_/@.][\w./@-]*\w/g,
    blank
  )
  return [...prose.matchAll(/\p{L}[\p{L}'’]*/gu)]
    .filter(([word]) => !isKnown(word))
    .map(({ 0: word, index }) => `${lineAt(prose, index)}: unknown word: ${word}`)
}

/** The anchors of a page, as GitHub makes them from its headings. */
function anchorsOf(text: string) {
  const seen = new Map<string, number>()
  return [...text.replaceAll(/^(```+)[\s\S]*?^\1/gm, blank).matchAll(/^#+ +(.+)$/gm)].map(([, heading = '']) => {
    const slug = heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(' ', '-')
    const count = seen.get(slug) ?? 0
    seen.set(slug, count + 1)
    return count === 0 ? slug : `${slug}-${count}`
  })
}

function brokenLinks(path: string, text: string) {
  const prose = withoutCode(text)
  const links = [...prose.matchAll(/\]\(([^)\s]+)[^)]*\)|^\[[^\]]+\]: *(\S+)|(?:src|href)="([^"]+)"/gm)]
  return links.flatMap(({ 1: inline, 2: reference, 3: html, index }) => {
    const link = inline ?? reference ?? html ?? ''
    if (/^[a-z]+:/.test(link)) return []
    const [file = '', anchor] = decodeURI(link).split('#')
    const target = file === '' ? path : join(dirname(path), file)
    const isThere = existsSync(join(ROOT, target))
    const hasAnchor =
      anchor === undefined ||
      !target.endsWith('.md') ||
      (isThere && anchorsOf(readFileSync(join(ROOT, target), 'utf8')).includes(anchor))
    return isThere && hasAnchor ? [] : [`${lineAt(prose, index)}: broken link: ${link}`]
  })
}

/** The npm scripts and the files in backticks that do not exist. */
function missingParts(path: string, text: string) {
  if (HISTORY.test(path)) return []
  const named = text.matchAll(/npm run (?:-\S+ )*([a-z][\w:-]*)/g)
  const files = text.matchAll(/`((?:src|test|scripts|docs|deploy|client|example|bench)\/[\w@/.-]+\.\w+)`/g)
  return [
    ...[...named].filter(([, name = '']) => !scripts.includes(name)),
    ...[...files].filter(([, file = '']) => !existsSync(join(ROOT, file)))
  ].map(({ 1: name, index }) => `${lineAt(text, index)}: does not exist: ${name}`)
}

const pages = globSync(['**/*.md', '.github/**/*.md'], {
  cwd: ROOT,
  exclude: (name) => IGNORED.includes(name.split('/').at(-1) ?? '')
}).sort()
const problems = pages.flatMap((path) => {
  const text = readFileSync(join(ROOT, path), 'utf8')
  return [...misspellings(text), ...brokenLinks(path, text), ...missingParts(path, text)].map(
    (problem) => `${path}:${problem}`
  )
})
for (const problem of problems) process.stdout.write(`${problem}\n`)
process.stdout.write(`${pages.length} pages, ${problems.length} problems\n`)
if (problems.some((problem) => problem.includes('unknown word')))
  process.stdout.write('Add a word that is right to docs/words.txt\n')
if (problems.length > 0) process.exitCode = 1
