import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

// npm run check: updates generated files, then lints, type-checks, and tests the structure.

/** Runs a command of the project. Returns its output if it fails, or null. */
export function run(command: string, ...words: string[]) {
  const { NODE_OPTIONS: _, ...env } = process.env
  const { status, stdout, stderr } = spawnSync(command, words, { encoding: 'utf8', env: { ...env, FORCE_COLOR: '0' } })
  return status === 0 ? null : `${stdout ?? ''}${stderr ?? `${command} cannot be run`}`
}

const local = (name: string) => `node_modules/.bin/${name}`
const node = (path: string) => (existsSync(path) ? run('node', path) : null)
const CLIENT_TYPES = 'client/node_modules/.bin/openapi-typescript'

/** In order, because a step may need files that an earlier one wrote. */
const steps: [what: string, step: () => string | null][] = [
  ['unused imports', () => run(local('biome'), 'lint', '--write', '--unsafe', '--only=correctness/noUnusedImports')],
  // The one rule that needs types takes longer than all others: the commit hook and `npm run lint` apply it.
  ['lint', () => run(local('biome'), 'check', '--write', '--max-diagnostics=20', '--skip=nursery/noFloatingPromises')],
  ['docs/openapi.json', () => node('scripts/openapi.ts')],
  [
    'client types',
    () => {
      if (!existsSync('docs/openapi.json')) return null
      if (!existsSync(CLIENT_TYPES))
        run('npm', 'ci', '--ignore-scripts', '--no-audit', '--no-fund', '--prefix', 'client')
      return run(CLIENT_TYPES, 'docs/openapi.json', '--output', 'client/src/schema.d.ts')
    }
  ],
  // Several checkers each infer the same types anew: one takes half of the processor time.
  ['types', () => run(local('tsc'), '--checkers', '1', '--pretty', 'false')],
  ['docs/security.md', () => node('scripts/security-doc.ts')],
  ['reference', () => node('scripts/reference.ts')],
  ['structure', () => run('node', 'test/run.ts', 'test/structure.test.ts')]
]

/** Runs every step, and returns whether all of them passed. */
export function check() {
  const faults = steps.map(([what, step]) => {
    const fault = step()
    process.stdout.write(fault === null ? `  ok       ${what}\n` : `  NOT OK   ${what}\n${fault}\n`)
    return fault
  })
  return faults.every((fault) => fault === null)
}

if (process.argv[1] === import.meta.filename && !check()) process.exitCode = 1
