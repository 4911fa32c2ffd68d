import t from 'tap'
import { buildWithLog } from '../../../build.ts'
import { shiftedClock } from '../../../clock.ts'
import { freshFolder, settled, startListening } from '../../../process.ts'
import { freshPostgresUri, startPostgres, waitUntil } from '../../../servers.ts'

const CLOCK = /"level":"warn"[^\n]*"msg":"the clock of this machine is (\d+) s ([a-z ]+) the database's: [^\n]*/g
const toldBy = (server: { output: () => string }) =>
  [...server.output().matchAll(CLOCK)].map(([, seconds, side]) => `${side} ${seconds}`)

t.test('a clock that differs from that of PostgreSQL causes a warning at startup, in seconds', async (t) => {
  const DB_URI = await freshPostgresUri()
  const startWith = (seconds: number) =>
    startListening(t, freshFolder(t), { ...settled, DB_URI, DB_MIGRATE: 'auto', ...shiftedClock(seconds) })

  t.match(toldBy(await startWith(120)), [/^ahead of (119|12[01])$/])
  t.match(toldBy(await startWith(-3600)), [/^behind (3599|360[01])$/])
  t.same(toldBy(await startWith(3)), [], 'as far as tokens tolerate it')
})

t.test('if PostgreSQL comes up later, the clocks are compared then', async (t) => {
  const postgres = await startPostgres()
  const DB_URI = await postgres.createDatabase()
  await postgres.stop()
  const environment = { ...settled, DB_URI, DB_MIGRATE: 'auto', ...shiftedClock(60) }
  const server = await startListening(t, freshFolder(t), environment)
  t.same(toldBy(server), [])

  await postgres.start()
  await waitUntil(() => server.output().includes('dependency_up'), 'it is back')

  t.match(toldBy(server), [/^ahead of (59|6[01])$/])
})

t.test('clocks that agree cause no warning', async (t) => {
  const { lines } = await buildWithLog(t, { DB_URI: await freshPostgresUri() })
  t.notOk(lines.some(({ msg }) => /clock/.test(`${msg}`)))
})
