import { registerHooks } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { collected, Test, tearDown } from './tap.ts'

// Runs tests of an instrumented copy of the project, again and again, with one mutant switched on at a time.

const [root = '', ...files] = process.argv.slice(2)
const TIMEOUT_MS = 8000
/** What was read while the modules loaded cannot be switched off again. */
const isStatic = (process.env['MUTANT'] ?? '') !== ''
/** So often no loop of the service goes round in a test. */
const HIT_LIMIT = 100_000

type Stryker = {
  activeMutant?: string | undefined
  currentTestId?: string | undefined
  hitCount?: number
  hitLimit?: number
  mutantCoverage?: { static: Record<string, number>; perTest: Record<string, Record<string, number>> }
}
const stryker: Stryker = { activeMutant: process.env['MUTANT'] ?? '' }
Object.assign(globalThis, { __stryker__: stryker })

const tapUrl = pathToFileURL(join(import.meta.dirname, 'tap.ts')).href
registerHooks({
  resolve(specifier, context, next) {
    if (specifier === 'tap') return { url: tapUrl, shortCircuit: true }
    // The dialects are not what is tested here, and each database of a cluster takes time.
    if (specifier === './postgres.ts' && context.parentURL?.endsWith('/test/servers.ts'))
      return { url: pathToFileURL(join(import.meta.dirname, 'no-postgres.ts')).href, shortCircuit: true }
    return next(specifier, context)
  }
})

const tests = new Map<string, () => Promise<void>>()
for (const file of files) {
  await import(pathToFileURL(join(root, file)).href)
  for (const [i, { name, body }] of collected.splice(0).entries())
    tests.set(`${file}#${i} ${name}`, () => new Test(name).run(body))
}

async function run(id: string) {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error('timeout')), TIMEOUT_MS)
  const started = performance.now()
  try {
    await Promise.race([tests.get(id)?.(), promise])
    return { failure: null, ms: performance.now() - started }
  } catch (error) {
    return { failure: (error as Error)?.message ?? String(error), ms: performance.now() - started }
  } finally {
    clearTimeout(timer)
  }
}

/** All tests without a mutant: which pass, how long they take, and which mutants they reach. */
async function rehearse() {
  const results = []
  for (const id of tests.keys()) {
    stryker.currentTestId = id
    results.push({ id, ...(await run(id)) })
  }
  stryker.currentTestId = undefined
  const { static: atImport = {}, perTest = {} } = stryker.mutantCoverage ?? {}
  return {
    results,
    atImport: Object.keys(atImport),
    reached: Object.entries(perTest).map(([id, hits]) => [id, Object.keys(hits)])
  }
}

/** The first test that fails with the mutant and passes without it; null: it survives. */
async function probe(mutant: string, ids: string[]) {
  for (const id of ids) {
    Object.assign(stryker, { activeMutant: mutant, hitCount: 0, hitLimit: HIT_LIMIT })
    const { failure } = await run(id)
    if (failure === null) continue
    stryker.activeMutant = ''
    // A mutant before this one may have left something behind: then it is no merit of the test.
    const isHealthy = isStatic || (await run(id)).failure === null
    if (!isHealthy) process.exit(1)
    return id
  }
  return null
}

// What a mutant breaks behind a test's back has been broken all the same.
let crash: string | null = null
process.on('uncaughtException', (error) => (crash ??= `uncaught: ${error?.message}`))
process.on('unhandledRejection', () => {})

process.on('message', async (message: { mutant?: string; ids?: string[]; end?: boolean }) => {
  if (message.end) {
    await tearDown()
    process.exit()
  }
  if (message.mutant === undefined) return process.send?.({ rehearsal: await rehearse() })
  crash = null
  const killer = await probe(message.mutant, message.ids ?? [])
  stryker.activeMutant = ''
  process.send?.({ mutant: message.mutant, killer: killer ?? crash })
})
process.send?.({ ready: true })
