export async function startPostgres() {
  return { createDatabase: async () => ':memory:' }
}
