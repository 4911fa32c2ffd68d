import { spawnSync } from 'node:child_process'

// Writes a migration for each dialect from the tables of src/tables.ts: npm run db:generate -- --name add_tags
for (const DB_URI of ['file:./app.db', 'postgres://localhost/app']) {
  const env = { ...process.env, DB_URI }
  const { status } = spawnSync('npx', ['drizzle-kit', 'generate', ...process.argv.slice(2)], {
    env,
    stdio: 'inherit'
  })
  if (status !== 0) process.exit(status ?? 1)
}
