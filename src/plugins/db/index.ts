import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { ServiceUnavailable } from '../errors/errors.ts'
import { isUnavailable } from './errors.ts'
import { isPostgres, migrationsFor, openDatabase } from './migrations.ts'
import type { Atomically, Database, Tables } from './types.ts'

declare module 'fastify' {
  interface FastifyInstance {
    db: Database
    tables: Tables
    atomically: Atomically
    /** Resolves when the database answers and has the tables of this version; rejects otherwise. */
    checkDatabase: () => Promise<void>
  }
}

const RETRY_MS = 1000

/** SQLite or PostgreSQL, as DB_URI says, behind one set of builders and tables. */
async function db(app: FastifyInstance) {
  const { DB_URI, DB_MIGRATE } = app.config
  const connection = openDatabase(DB_URI)
  const plan = migrationsFor(DB_URI)
  const isAutomatic = DB_MIGRATE === 'default' ? !isPostgres(DB_URI) : DB_MIGRATE === 'auto'
  let isPrepared = false
  let retry: NodeJS.Timeout | undefined

  async function prepare() {
    const count = isAutomatic ? await connection.migrate(plan) : plan(await connection.history()).length
    if (count > 0 && !isAutomatic) throw new Error(`${count} database migrations are pending: npm run db:migrate`)
    if (count > 0) app.log.info(`applied ${count} database migrations`)
    isPrepared = true
  }

  /** A database that is down stops no start: the service says 503 until it is there. */
  async function prepareOrRetry(isFirst: boolean) {
    await prepare().catch((err: unknown) => {
      if (isFirst && !isUnavailable(err)) throw err
      if (isFirst)
        app.log.error({ event: 'dependency_down', dependency: 'database', err }, 'the database is not there yet')
      retry = setTimeout(() => void prepareOrRetry(false), RETRY_MS)
    })
  }
  await prepareOrRetry(true)

  app.translateErrors((error) => (isUnavailable(error) ? new ServiceUnavailable({ cause: error }) : null))
  app.decorate('db', connection.db)
  app.decorate('tables', connection.tables)
  app.decorate('atomically', connection.atomically)
  app.decorate('checkDatabase', async () => {
    if (!isPrepared) throw new ServiceUnavailable()
    await connection.ping()
  })
  app.addHook('onClose', async () => {
    clearTimeout(retry)
    await connection.close()
  })
}

export default fp(db, { name: 'db', dependencies: ['config', 'errors'] })
