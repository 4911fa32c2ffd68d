import { defineConfig } from 'drizzle-kit'
import { loadEnvironment } from './src/plugins/platform/config/env-file.ts'

// For `npx drizzle-kit migrate`, `generate` and `studio`: the database of DB_URI, as the service sees it.
const { DB_URI = 'file:./app.db' } = loadEnvironment(process.env, process.cwd(), () => {})
const dialect = /^postgres(ql)?:/.test(DB_URI) ? 'postgresql' : 'sqlite'
const folder = dialect === 'sqlite' ? 'sqlite' : 'postgres'

export default defineConfig({
  dialect,
  schema: `./drizzle/${folder}/schema.cjs`,
  out: `./drizzle/${folder}`,
  dbCredentials: { url: DB_URI }
})
