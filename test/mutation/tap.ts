import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import * as compare from 'tcompare'

// What the tests use of tap, so that one process can run them again for each mutant; the first failure ends a test.

type Body = (t: Test) => unknown
type Options = { skip?: unknown }
type Thrown = Error | Promise<unknown> | (() => unknown)

export class Test {
  readonly name: string
  private readonly teardowns: (() => unknown)[] = []
  private last: Promise<unknown> = Promise.resolve()
  failure: unknown = null

  constructor(name: string) {
    this.name = name
  }

  private check(isSo: unknown, said: string) {
    if (isSo) return true
    const failure = new Error(`${this.name}: ${said}`)
    this.failure ??= failure
    throw failure
  }

  /** Runs the body, then its own subtests, then the teardowns; throws the first failure. */
  async run(body: Body) {
    try {
      await body(this)
      await this.last
    } finally {
      for (const teardown of this.teardowns.reverse()) await Promise.resolve(teardown()).catch(() => {})
    }
    if (this.failure) throw this.failure
  }

  test(name: string, ...rest: [Body] | [Options, Body]) {
    const [options, body] = rest.length === 1 ? [{}, rest[0]] : rest
    if (options.skip) return Promise.resolve()
    const run = () => new Test(`${this.name} > ${name}`).run(body)
    this.last = this.last.then(run)
    // Awaited by the parent; whoever does not wait for it hears of it there.
    this.last.catch((failure) => (this.failure ??= failure))
    return this.last
  }

  teardown(fn: () => unknown) {
    this.teardowns.push(fn)
  }

  testdir(files: Record<string, string> = {}) {
    const folder = mkdtempSync(join(tmpdir(), 'mutation-'))
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true })
      writeFileSync(join(folder, name), text)
    }
    this.teardown(() => rmSync(folder, { recursive: true, force: true }))
    return folder
  }

  ok = (value: unknown, said = 'ok') => this.check(value, said)
  notOk = (value: unknown, said = 'not ok') => this.check(!value, said)
  fail = (said = 'fail') => this.check(false, said)
  equal = (a: unknown, b: unknown, said = 'equal') =>
    this.check(Object.is(a, b), `${said}: ${String(a)} is not ${String(b)}`)
  not = (a: unknown, b: unknown, said = 'not') => this.check(!Object.is(a, b), said)
  same = (a: unknown, b: unknown, said = 'same') => this.check(compare.same(a, b).match, said)
  strictSame = (a: unknown, b: unknown, said = 'strictSame') => this.check(compare.strict(a, b).match, said)
  match = (a: unknown, b: unknown, said = 'match') => this.check(compare.match(a, b).match, said)
  notMatch = (a: unknown, b: unknown, said = 'notMatch') => this.check(!compare.match(a, b).match, said)

  private expect(thrown: unknown, wanted: unknown) {
    if (typeof wanted === 'object' && wanted !== null) {
      const found = wanted instanceof RegExp ? (thrown as Error).message : thrown
      this.check(compare.match(found, wanted).match, `threw ${(thrown as Error)?.message}`)
    }
  }

  throws(fn: () => unknown, wanted?: unknown) {
    try {
      fn()
    } catch (error) {
      return this.expect(error, wanted)
    }
    this.fail('throws')
  }

  async rejects(action: Thrown, wanted?: unknown) {
    const [error] = await Promise.resolve(typeof action === 'function' ? action() : action).then(
      () => [],
      (thrown: unknown) => [{ thrown }]
    )
    this.check(error, 'rejects')
    this.expect(error?.thrown, wanted)
  }

  async resolves(action: Thrown, said = 'resolves') {
    await Promise.resolve(typeof action === 'function' ? action() : action).catch((error: Error) =>
      this.fail(`${said}: ${error.message}`)
    )
  }
}

/** The tests at the top of the files that are loaded just now, and what is to be undone when all is over. */
export const collected: { name: string; body: Body }[] = []
const teardowns: (() => unknown)[] = []

export async function tearDown() {
  for (const teardown of teardowns.reverse()) await teardown()
}

class Root extends Test {
  override test(name: string, ...rest: [Body] | [Options, Body]) {
    const [options, body] = rest.length === 1 ? [{}, rest[0]] : rest
    if (!options.skip) collected.push({ name, body })
    return Promise.resolve()
  }

  override teardown(fn: () => unknown) {
    teardowns.push(fn)
  }
}
export default new Root('root')
