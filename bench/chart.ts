import type { Result } from './compare.ts'
import { round } from './figures.ts'

type Bar = { label: string; value: number; text: string; isOurs: boolean }

const [WIDTH, ROW, LABEL, TOP] = [760, 26, 260, 64]
const escaped = (text: string) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;')

/** Horizontal bars as SVG, readable on light and on dark pages. */
function drawBars(title: string, subtitle: string, bars: readonly Bar[]) {
  const longest = Math.max(...bars.map(({ value }) => value))
  const scale = (WIDTH - LABEL - 150) / longest
  const height = TOP + bars.length * ROW + 12
  const rows = bars.map(({ label, value, text, isOurs }, i) => {
    const y = TOP + i * ROW
    const width = Math.max(2, Math.round(value * scale))
    return `  <text class="label" x="${LABEL - 10}" y="${y + 15}">${escaped(label)}</text>
  <rect class="${isOurs ? 'ours' : 'other'}" x="${LABEL}" y="${y + 2}" width="${width}" height="18" rx="2"/>
  <text class="value" x="${LABEL + width + 8}" y="${y + 15}">${escaped(text)}</text>`
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escaped(title)}">
  <style>
    text { font: 13px system-ui, sans-serif; fill: #24292f }
    .title { font-size: 16px; font-weight: 600 }
    .label { text-anchor: end }
    .subtitle, .value { fill: #57606a }
    .ours { fill: #0969da }
    .other { fill: #9aa4af }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3 }
      .subtitle, .value { fill: #9da7b3 }
      .ours { fill: #4493f8 }
      .other { fill: #636c76 }
    }
  </style>
  <text class="title" x="10" y="24">${escaped(title)}</text>
  <text class="subtitle" x="10" y="44">${escaped(subtitle)}</text>
${rows.join('\n')}
</svg>
`
}

/** The `whoami` results, each relative to bare Fastify in the same rounds, because the speed of a machine drifts. */
export function drawResults(results: readonly Result[]) {
  const bars = results
    .filter(({ name }) => name.startsWith('whoami'))
    .map(({ subject, name, ratio }) => ({
      label: `${subject}, ${name.replace('whoami ', '')}`,
      value: 100 / ratio.median,
      text: `${round(100 / ratio.median, 0)} %`,
      isOurs: subject.startsWith('this service')
    }))
  const bare = { label: 'bare Fastify, no authentication', value: 100, text: '100 %', isOurs: false }
  const subtitle = 'by CPU time, with the same reply from each; longer is better'
  return drawBars('Requests to whoami from one core, bare Fastify = 100 %', subtitle, [bare, ...bars])
}
