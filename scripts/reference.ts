import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import '../src/app.ts'
import { settingTypes } from '../src/plugins/platform/config/settings.ts'
import { renderEndpoints } from './reference-endpoints.ts'

// npm run docs:reference writes the pages below; docs/settings.md comes from .env.example and the code.

const ROOT = join(import.meta.dirname, '..')
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')

const code = (text: string) => `\`${text}\``

/** The comment above each setting of .env.example, and its value there. */
function readExample() {
  const matches = read('.env.example').matchAll(/^((?:# (?!---).*\n)*)(\w+)=(.*)$/gm)
  return [...matches].map(([, comment = '', name = '', value = '']) => ({
    name,
    value,
    meaning: comment.replaceAll(/^# /gm, '').trim().replaceAll('\n', ' ')
  }))
}

function toDefault(fallback: string | null | undefined, value: string) {
  if (fallback === undefined) return 'required; `npm start` creates one for development'
  const standard = fallback ? code(fallback) : 'none'
  return value === (fallback ?? '') ? standard : `${standard}; ${code(value)} in .env.example`
}

const SETTINGS = `# Settings

Generated from \`.env.example\` and the code by \`npm run docs:reference\`. Do not edit.

Set them in the environment or in \`.env\`. The environment takes precedence, and an empty value counts as not set. If a setting is invalid,
the service does not start; it prints a line that names the setting. The defaults are safe for production; \`.env.example\` has values for
development. Write durations as \`15m\`, \`12h\`, or \`30d\`; a plain number, such as \`90\`, is in seconds.

{{table}}
With \`NODE_ENV=production\`, the service never writes \`.env\`. It also warns if \`COOKIE_SECURE=false\`.
`

/** The text of docs/settings.md. */
export function renderSettings() {
  const rows = readExample().map(({ name, value, meaning }) => {
    const { fallback, fault } = settingTypes[name] ?? { fallback: null, fault: '' }
    const allowed = fault.replace(/^must (be|list) /, '').replaceAll('|', '\\|')
    return `| ${code(name)} | ${toDefault(fallback, value)} | ${meaning.replaceAll('|', '\\|')} | ${allowed} |`
  })
  const table = `| setting | default | meaning | allowed |\n|---|---|---|---|\n${rows.join('\n')}\n`
  return SETTINGS.replace('{{table}}', table)
}

export const pages = {
  'docs/endpoints.md': renderEndpoints,
  'docs/settings.md': renderSettings
}

if (process.argv[1] === import.meta.filename)
  for (const [path, render] of Object.entries(pages)) writeFileSync(join(ROOT, path), render())
