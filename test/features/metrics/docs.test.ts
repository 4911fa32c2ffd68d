import { existsSync, globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import t from 'tap'
import { buildMeasured } from './scrape.ts'

const ROOT = join(import.meta.dirname, '../../..')
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')

/** Every metric, with its help text and label names. */
async function buildList(t: Parameters<typeof buildMeasured>[0]) {
  const { app } = await buildMeasured(t)
  const metrics = (app.metrics?.getMetricsAsArray() ?? []) as unknown as {
    name: string
    help: string
    labelNames: string[]
  }[]
  t.ok(metrics.length > 10)
  return metrics
}

/** The metrics that these PromQL expressions use: names that are not functions, keywords, or labels. */
function namesIn(expressions: string[]) {
  const bare = expressions
    .join('\n')
    .replaceAll(/"[^"]*"|\b(?:by|on|without|ignoring) \([^)]*\)|\b\w+(?=\s*(?:=|!=|=~|!~)")/g, '')
  const names = bare.match(/\b[a-z]+_[a-z0-9_]+\b(?!\s*\()/g) ?? []
  return new Set(names.map((name) => name.replace(/(?<=^http_request_duration_seconds)_(bucket|sum|count)$/, '')))
}

/** The rows of a table of metrics in a page. */
const rowsOf = (page: string) => [...read(page).matchAll(/^\| `([a-z]+_[a-z0-9_]+)` \| (.*?) ?\| (.*) \|$/gm)]

t.test('the Grafana dashboard uses every metric of docs/metrics.md, and no other', async (t) => {
  const { panels } = JSON.parse(read('deploy/grafana-dashboard.json')) as { panels: { targets?: { expr: string }[] }[] }
  const expressions = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))
  t.ok(expressions.length > 10)
  t.same(
    [...namesIn(expressions)].sort(),
    rowsOf('docs/metrics.md')
      .map(([, name]) => name)
      .sort()
  )
})

t.test('the alerts use only existing metrics', async (t) => {
  const expressions = [
    ...read('deploy/prometheus-rules.yaml').matchAll(/expr: (?:>-\n)?([\s\S]*?)(?=\n +(?:for|annotations):)/g)
  ]
  t.ok(expressions.length > 5)
  const known = new Set((await buildList(t)).map(({ name }) => name))
  const asked = namesIn(expressions.map(([, text = '']) => text))
  t.same(
    [...asked].filter((name) => !known.has(name)),
    []
  )
  const alerts = [...read('deploy/prometheus-rules.yaml').matchAll(/alert: (\w+)/g)].map(([, name]) => name)
  for (const name of alerts)
    t.match(read('docs/metrics.md'), `| \`${name}\` |`, `what to do is written down for ${name}`)
})

t.test('docs/metrics.md and the pages of features list every metric, with its labels and help text', async (t) => {
  const pages = [
    'docs/metrics.md',
    ...globSync('src/features/*/', { cwd: ROOT }).map((path) => `docs/${basename(path)}.md`)
  ]
  const rows = [...new Set(pages)].filter((page) => existsSync(join(ROOT, page))).flatMap(rowsOf)
  const documented = rows.map(([, name, labels = '', help]) => ({ name, help, labels: labels.match(/\w+/g) ?? [] }))
  const metrics = await buildList(t)
  const byName = (one: { name?: string | undefined }, other: { name?: string | undefined }) =>
    `${one.name}`.localeCompare(`${other.name}`)
  t.same(
    documented.sort(byName),
    metrics.map(({ name, help, labelNames }) => ({ name, help, labels: labelNames })).sort(byName)
  )
})
