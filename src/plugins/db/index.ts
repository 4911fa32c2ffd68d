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
  const connection = await openDatabase(DB_URI)
  const plan = migrationsFor(DB_URI)
  const isAutomatic = DB_MIGRATE === 'default' ? !isPostgres(DB_URI) : DB_MIGRATE === 'auto'
  let isPrepared = false

  async function prepare() {
    const count = isAutomatic ? await connection.migrate(plan) : plan(await connection.history()).length
    if (count > 0 && !isAutomatic) throw new Error(`${count} database migrations are pending: npm run db:migrate`)
    if (count > 0) app.log.info(`applied ${count} database migrations`)
    isPrepared = true
  }

  const availability = watchAvailability(() => (isPrepared ? connection.ping() : prepare()), app.log)
  await availability.start()

  app.translateErrors((error) => {
    if (!isUnavailable(error)) return null
    availability.lose(error)
    return new ServiceUnavailable({ cause: error })
  })
  app.decorate('db', connection.db)
  app.decorate('tables', connection.tables)
  app.decorate('prepareFirst', connection.prepareFirst)
  app.decorate('atomically', connection.atomically)
  app.decorate('checkDatabase', async () => {
    if (!isPrepared) throw new ServiceUnavailable()
    await connection.ping()
  })
  app.addHook('onClose', async () => {
    availability.stop()
    await connection.close()
  })
}

export default fp(db, { name: 'db', dependencies: ['config', 'errors'] })
