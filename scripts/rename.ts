import { spawnSync } from 'node:child_process'
import { globSync, lstatSync, readFileSync, writeFileSync } from 'node:fs'

// npm run rename -- my-service: gives your clone its own name, in packages, images, settings, and pages. After you merge from
// upstream, run it again: the merge may bring the old name back.

const UPSTREAM = ['fastify', 'minimal', 'starter']
/** The history and the copyright of the code stay true. */
const KEPT = ['CHANGELOG.md', 'LICENSE']
const LEFT_OUT = ['node_modules', '.git', '.tap', 'dist']
/** The longest name that containers, Kubernetes, and Grafana accept, with our suffixes. */
const LONGEST = 40

const toTitle = (words: string[]) => words.join(' ').replace(/^./, (letter) => letter.toUpperCase())

function rename(words: string[]) {
  const patterns = ['**/*', '**/.*', '**/.*/**/*']
  const paths = globSync(patterns, { exclude: (path) => LEFT_OUT.includes(path.split(/[\\/]/).at(-1) ?? '') })
  const files = paths.filter((path) => !KEPT.includes(path) && lstatSync(path).isFile())
  const changed = files.filter((path) => {
    const text = readFileSync(path, 'utf8')
    const renamed = text.replaceAll(UPSTREAM.join('-'), words.join('-')).replaceAll(toTitle(UPSTREAM), toTitle(words))
    if (renamed !== text) writeFileSync(path, renamed)
    return renamed !== text
  })
  process.stdout.write(`Renamed to ${words.join('-')} in ${changed.length} files\n`)
}

const [name = ''] = process.argv.slice(2)
if (name.length > LONGEST || !/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name)) {
  const rule = `lowercase letters, digits, and hyphens, at most ${LONGEST} characters`
  process.stderr.write(`Give a name of ${rule}: npm run rename -- my-service\n`)
  process.exitCode = 1
} else {
  rename(name.split('-'))
  process.exitCode = spawnSync('node', ['scripts/check.ts'], { stdio: 'inherit' }).status ?? 1
}
