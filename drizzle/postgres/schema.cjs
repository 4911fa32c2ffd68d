// The tables of src/tables.ts as drizzle-kit expects them: one export each.
const { createTables } = require('../../src/plugins/platform/db/tables.ts')
const { dialect } = require('../../src/plugins/platform/db/postgres/dialect.ts')

module.exports = createTables(require('../../src/tables.ts'), dialect)
