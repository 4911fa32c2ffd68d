import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import './env.ts'
import { ServiceUnavailable } from '../errors/errors.ts'
import { watchAvailability } from './availability.ts'
import { createSchemaCheck } from './check-schema.ts'
import { isUnavailable } from './errors.ts'
import { isPostgres, openDatabase } from './migrations.ts'
import { isOpenToOthers } from './sqlite/file.ts'
import { createTables, type TableDefinitions, type Tables } from './tables.ts'
import type { Database, PrepareOne, RunTransaction } from './types.ts'

declare module 'fastify' {
  interface FastifyInstance {
    db: Database
    tables: Tables
    prepareOne: PrepareOne
    transaction: RunTransaction
    /** Resolves when the database answers and has the tables of this version; rejects otherwise. */
    checkDatabase: () => Promise<void>
  }
}

/** SQLite or PostgreSQL, as DB_URI says, behind one query builder. `tables`: every table of the service. */
async function db(app: FastifyInstance, { tables }: { tables: TableDefinitions }) {
  const { DB_URI } = app.config
  const connection = await openDatabase(DB_URI, (error) => availability.suspect(error), app.config)
  const look = createSchemaCheck(connection, app.config, app.log)
  const availability = watchAvailability(look, app.log)
  await availability.start()
  if (!isPostgres(DB_URI) && isOpenToOthers(DB_URI))
    app.log.warn(
      { dependency: 'database' },
      'other users may open the SQLite file, which belongs to another user: run chmod 600 on it'
    )
  // Statements are prepared for tables.
  if (!isPostgres(DB_URI) && (await connection.history()).length === 0)
    throw new Error('The SQLite file has no tables and takes none now: it is locked or read-only, or the disk is full')

  app.translateErrors((error) => {
    if (!isUnavailable(error)) return null
    availability.suspect(error)
    return new ServiceUnavailable({ cause: error })
  })
  app.decorate('db', connection.db)
  app.decorate('tables', createTables(tables, connection.dialect))
  app.decorate('prepareOne', connection.prepareOne)
  app.decorate('transaction', connection.transaction)
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
