import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { ServiceUnavailable } from '../errors/errors.ts'
import { watchAvailability } from './availability.ts'
import { isUnavailable } from './errors.ts'
import { isPostgres, migrationsFor, openDatabase } from './migrations.ts'
import type { Atomically, Database, PrepareFirst, Tables } from './types.ts'

declare module 'fastify' {
  interface FastifyInstance {
    db: Database
    tables: Tables
    prepareFirst: PrepareFirst
    atomically: Atomically
    /** Resolves when the database answers and has the tables of this version; rejects otherwise. */
    checkDatabase: () => Promise<void>
  }
}

/** SQLite or PostgreSQL, as DB_URI says, behind one set of builders and tables. */
async function db(app: FastifyInstance) {
  const { DB_URI, DB_MIGRATE } = app.config
  const connection = await openDatabase(DB_URI, (error) => availability.suspect(error))
  const plan = migrationsFor(DB_URI)
  const isAutomatic = DB_MIGRATE === 'default' ? !isPostgres(DB_URI) : DB_MIGRATE === 'auto'
  /** How many migrations it has; 0: not yet seen. */
  let known = 0

  /** It answers and has the tables of this version, or is given them. One that comes back with fewer is not filled anew. */
  async function look() {
    const isReplaced = await connection.check()
    if (isReplaced) app.log.warn({ dependency: 'database' }, 'connections that led nowhere were replaced')
    const history = await connection.history()
    const isNew = known === 0
    const pending = isNew ? plan(history).length : known - history.length
    if (pending > 0 && !(isNew && isAutomatic))
      throw new Error(`${pending} database migrations are pending: npm run db:migrate`)
    const applied = pending > 0 ? await connection.migrate(plan) : 0
    if (applied > 0) app.log.info(`applied ${applied} database migrations`)
    known = history.length + Math.max(0, pending)
  }

  const availability = watchAvailability(look, app.log)
  await availability.start()
  // Statements are prepared for tables.
  if (!isPostgres(DB_URI) && (await connection.history()).length === 0)
    throw new Error('The SQLite file has no tables and takes none now: it is locked or read-only, or the disk is full')

  app.translateErrors((error) => {
    if (!isUnavailable(error)) return null
    availability.suspect(error)
    return new ServiceUnavailable({ cause: error })
  })
  app.decorate('db', connection.db)
  app.decorate('tables', connection.tables)
  app.decorate('prepareFirst', connection.prepareFirst)
  app.decorate('atomically', connection.atomically)
  app.decorate('checkDatabase', async () => {
    if (!availability.isUp()) throw new ServiceUnavailable()
    await connection.ping()
  })
  app.addHook('onClose', async () => {
    availability.stop()
    await connection.close()
  })
}

export default fp(db, { name: 'db', dependencies: ['config', 'errors'] })
