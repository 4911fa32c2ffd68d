import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import './env.ts'
import { OperatorError } from '../config/operator-error.ts'
import { ServiceUnavailable } from '../errors/errors.ts'
import { isPostgres } from './address.ts'
import { watchAvailability } from './availability.ts'
import { createSchemaCheck } from './check-schema.ts'
import { isUnavailable } from './errors.ts'
import { explain, explained } from './explain.ts'
import { openDatabase } from './migrations.ts'
import { createTables, type TableDefinitions, type Tables } from './tables.ts'
import type { Database, PrepareOne, RunTransaction, Write } from './types.ts'

declare module 'fastify' {
  interface FastifyInstance {
    db: Database
    tables: Tables
    prepareOne: PrepareOne
    transaction: RunTransaction
    write: Write
  }
}

/** SQLite or PostgreSQL, as DB_URI says, behind one query builder. `tables`: every table of the service. */
async function db(app: FastifyInstance, { tables }: { tables: TableDefinitions }) {
  const { DB_URI } = app.config
  const connection = await openDatabase(DB_URI, (error) => availability.reportFailure(error), app.config)
  const availability = watchAvailability(createSchemaCheck(connection, app.config, app.log), app.log)
  await explained(availability.start)
  // SQLite compiles statements against existing tables, so without tables the other plugins could not prepare theirs.
  if (!isPostgres(DB_URI) && (await connection.history()).length === 0)
    throw new OperatorError(explain(availability.lastError()) ?? 'DB_URI names an SQLite file without tables')

  app.translateErrors((error) => {
    if (!isUnavailable(error)) return null
    availability.reportFailure(error)
    return new ServiceUnavailable({ cause: error })
  })
  app.decorate('db', connection.db)
  app.decorate('tables', createTables(tables, connection.dialect))
  app.decorate('prepareOne', connection.prepareOne)
  app.decorate('transaction', connection.transaction)
  app.decorate('write', connection.write)
  app.addDependency('database', {
    isRemote: isPostgres(DB_URI),
    isUp: availability.isUp,
    /** Resolves when the database answers and has the tables of this version. */
    async check() {
      if (!availability.isUp()) throw new ServiceUnavailable({ cause: availability.lastError() })
      await connection.ping()
    }
  })
  app.addHook('onClose', async () => {
    availability.stop()
    await connection.close()
  })
}

export default fp(db, { name: 'db', dependencies: ['config', 'errors', 'time-budget'] })
