import { type ChildProcess, execFileSync, fork } from 'node:child_process'
import { cpSync, globSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'

// Mutation testing of what logins rest on: npm run test:mutation [-- src/plugins/jwt]
// The mutants are Stryker's, all compiled into one copy of the project, each behind a switch. Its runner for tap starts a
// process for each mutant and test file, which takes hours; here one process runs the tests that reach a mutant, until one
// fails. Tests with PostgreSQL run on SQLite.

const ROOT = join(import.meta.dirname, '../..')
const INSTRUMENTER = '@stryker-mutator/instrumenter@10.0.0'
const FOLDERS = ['auth', 'session', 'jwt', 'blocklist'].map((name) => `src/plugins/${name}`)
const TESTS = [
  'test/plugins/{auth,session,jwt,blocklist,config,users,events,throttle,docs}/**/*.test.ts',
  'test/scripts/users.test.ts'
]
const WORKERS = 2
/**
 * A mutant that survives costs every test that reaches it. So tests that take longer than this are not asked, and of those
 * outside the mutant's own concern only as many as fit into this time: the share that is killed is rather more than it says.
 */
const [SLOW_MS, OTHERS_MS] = [2500, 5000]
/** A mutant that is silent for so long hangs the process. */
const HANG_MS = 60_000

type Mutant = {
  id: string
  fileName: string
  mutatorName: string
  replacement: string
  location: { start: { line: number; column: number }; end: { line: number; column: number } }
}
type Rehearsal = {
  results: { id: string; failure: string | null; ms: number }[]
  atImport: string[]
  reached: [string, string[]][]
}

const say = (line: string) => process.stdout.write(`${line}\n`)
const work = mkdtempSync(join(tmpdir(), 'mutation-'))
process.on('exit', () => rmSync(work, { recursive: true, force: true }))

async function instrument(patterns: string[]) {
  execFileSync('npm', ['install', '--silent', '--no-save', '--prefix', join(work, 'tool'), INSTRUMENTER])
  const tool = join(work, 'tool/node_modules/@stryker-mutator/instrumenter/dist/src/index.js')
  const { Instrumenter } = await import(pathToFileURL(tool).href)
  const logger = new Proxy({}, { get: (_, name) => () => !`${String(name)}`.startsWith('is') })
  const copy = join(work, 'copy')
  for (const part of ['src', 'test', 'scripts', 'drizzle', 'docs', 'package.json', '.env.example', 'README.md'])
    cpSync(join(ROOT, part), join(copy, part), { recursive: true })
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'))
  const names = globSync(
    patterns.map((folder) => `${folder}/*.ts`),
    { cwd: copy }
  )
  const files = names.map((name) => ({
    name: join(copy, name),
    mutate: true,
    content: readFileSync(join(copy, name), 'utf8')
  }))
  const options = { plugins: null, excludedMutations: [], ignorers: [], noHeader: false }
  // Hashes of passwords take most of the time of the tests, and their strength is not what is asked here.
  const passwords = join(copy, 'src/plugins/identity/users/passwords.ts')
  const text = readFileSync(passwords, 'utf8')
  writeFileSync(passwords, text.replace('memoryCost: 19_456, timeCost: 2', 'memoryCost: 64, timeCost: 1'))
  const { files: written, mutants } = await new Instrumenter(logger).instrument(files, options)
  for (const { name, content } of written) writeFileSync(name, content)
  return { copy, mutants: mutants as Mutant[] }
}

/** A process that has loaded the tests; `ask` gives its answer, or null where it hung or died. */
async function startWorker(copy: string, files: string[], mutant = '') {
  const child: ChildProcess = fork(join(import.meta.dirname, 'worker.ts'), [copy, ...files], {
    env: { ...process.env, MUTANT: mutant, CI: '' },
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    // A group of its own, so that the servers that it started end with it.
    detached: true
  })
  const kill = () => {
    if (child.pid === undefined) return
    try {
      process.kill(-child.pid, 'SIGKILL')
    } catch {
      // All of it has ended.
    }
  }
  process.on('exit', kill)
  function answer<T>(timeoutMs: number) {
    const { promise, resolve } = Promise.withResolvers<T | null>()
    const timer = setTimeout(() => resolve(null), timeoutMs)
    child.once('message', resolve as never)
    const gone = () => resolve(null)
    if (child.exitCode !== null || child.signalCode !== null) gone()
    child.once('exit', gone)
    return promise.finally(() => {
      clearTimeout(timer)
      child.off('exit', gone)
    })
  }
  await answer(60_000)
  return {
    kill,
    ask<T>(message: object, timeoutMs = HANG_MS) {
      if (child.connected) child.send(message)
      return answer<T>(timeoutMs)
    },
    async end() {
      if (child.connected) child.send({ end: true })
      const timer = setTimeout(kill, 5000)
      if (child.exitCode === null && child.signalCode === null) await new Promise((done) => child.once('exit', done))
      clearTimeout(timer)
      kill()
      process.off('exit', kill)
    }
  }
}

const { copy, mutants } = await instrument(process.argv.length > 2 ? process.argv.slice(2) : FOLDERS)
const files = globSync(TESTS, { cwd: copy }).sort()
say(`${mutants.length} mutants; rehearsing ${files.length} test files`)
const first = await startWorker(copy, files)
const answer = await first.ask<{ rehearsal: Rehearsal }>({}, 600_000)
await first.end()
if (!answer) throw new Error('The rehearsal did not end')
const { results, atImport, reached } = answer.rehearsal
const passed = new Map<string, number>()
for (const { id, failure, ms } of results) {
  const reason = failure ?? (ms > SLOW_MS ? `takes ${Math.round(ms)} ms` : null)
  if (reason === null) passed.set(id, ms)
  else say(`left out: ${id}: ${reason}`)
}
say(`${passed.size} tests, ${Math.round([...passed.values()].reduce((sum, ms) => sum + ms, 0))} ms`)

/** How many mutants of a file a test has killed so far: who killed its neighbours is asked first. */
const kills = new Map<string, number>()
const killsOf = (fileName: string, id: string) => kills.get(`${fileName} ${id}`) ?? 0

/** The tests that are asked about a mutant: those of its own concern, and of others as many as fit into the time. */
function chosen(ids: string[], fileName: string, isNear: (id: string) => boolean) {
  const sorted = ids
    .map((id) => ({ id, kills: killsOf(fileName, id), ms: passed.get(id) ?? 0 }))
    .sort((a, b) => b.kills - a.kills || a.ms - b.ms)
  let spent = 0
  const others = sorted.filter(({ id, ms }) => {
    if (!isNear(id)) spent += ms
    return !isNear(id) && spent <= OTHERS_MS
  })
  return [...sorted.filter(({ id }) => isNear(id)), ...others].map(({ id }) => id)
}

const testsOf = new Map<string, string[]>()
for (const [id, hit] of reached)
  if (passed.has(id)) for (const mutant of hit) testsOf.set(mutant, [...(testsOf.get(mutant) ?? []), id])

/** Tells of a mutant that no test kills. */
function report({ fileName, location, mutatorName, replacement, id }: Mutant) {
  const { start, end } = location
  const lines = readFileSync(join(ROOT, relative(copy, fileName)), 'utf8').split('\n')
  const [line = ''] = lines.slice(start.line)
  const text = start.line === end.line ? line.slice(start.column, end.column) : `${line.slice(start.column)} …`
  const tested = testsOf.has(id) || atImport.includes(id) ? '' : ' (no test comes here)'
  const place = `${relative(copy, fileName)}:${start.line + 1} ${mutatorName}${tested}`
  say(`${place}\n    ${text}\n    ${replacement.split('\n')[0]}`)
}

const outcomes = new Map<string, string | null>()
async function runQueue(queue: Mutant[]) {
  let worker = await startWorker(copy, files)
  for (let mutant = queue.shift(); mutant; mutant = queue.shift()) {
    const { id } = mutant
    const isStatic = atImport.includes(id)
    const near = files.filter((path) => path.includes(`/${basename(dirname(mutant.fileName))}/`))
    const isNear = (test: string) => near.some((path) => test.startsWith(`${path}#`))
    const reaching = isStatic ? [...passed.keys()].filter(isNear) : (testsOf.get(id) ?? [])
    const ids = chosen(reaching, mutant.fileName, isNear)
    if (ids.length === 0) {
      outcomes.set(id, null)
      report(mutant)
      continue
    }
    // What is read while a module loads needs a process of its own, with the tests of its folder alone.
    const asked = isStatic ? await startWorker(copy, near, id) : worker
    let reply = await asked.ask<{ killer: string | null }>({ mutant: id, ids }, HANG_MS)
    if (!reply && !isStatic) {
      // It may not have been this one's fault: once more, in a process that no other mutant has touched.
      worker.kill()
      worker = await startWorker(copy, files)
      reply = await worker.ask<{ killer: string | null }>({ mutant: id, ids }, HANG_MS)
    }
    outcomes.set(id, reply ? reply.killer : 'it hangs or ends the process')
    const key = `${mutant.fileName} ${reply?.killer}`
    if (reply?.killer) kills.set(key, (kills.get(key) ?? 0) + 1)
    if (reply?.killer === null) report(mutant)
    if (isStatic) await asked.end()
    else if (!reply) {
      worker.kill()
      worker = await startWorker(copy, files)
    }
    const killed = [...outcomes.values()].filter((killer) => killer !== null).length
    if (outcomes.size % 50 === 0) say(`${outcomes.size} of ${mutants.length} tried, ${killed} killed`)
  }
  await worker.end()
}
// In random order, so that what a run that was cut off says is a fair sample; those that take a process each come last.
const shuffled = mutants.map((mutant) => ({ mutant, order: Number(atImport.includes(mutant.id)) + Math.random() }))
const queue = shuffled.sort((a, b) => a.order - b.order).map(({ mutant }) => mutant)
await Promise.all(Array.from({ length: WORKERS }, () => runQueue(queue)))

const survivors = mutants.filter(({ id }) => outcomes.get(id) === null)
const killed = mutants.length - survivors.length
say(`${killed} of ${mutants.length} mutants killed: ${((100 * killed) / mutants.length).toFixed(1)} %`)
