import { loadPostgres } from '../drizzle.ts'

export type Dialect = typeof dialect

const { pgTable: table, index, primaryKey, uuid, text, integer, boolean, timestamp } = loadPostgres()
const time = (name: string) => timestamp(name, { withTimezone: true, precision: 3, mode: 'date' })

export const dialect = { table, index, primaryKey, uuid, text, integer, boolean, time }
