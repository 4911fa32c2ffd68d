/** The long run walks every row of a matrix: `npm run test:slow`. */
export const isLongRun = process.env['TEST_ALL_ROWS'] === 'true'
const STEP = 10

/**
 * The rows of a matrix that this run walks: all of them in the long run, otherwise the first of each kind and every tenth of the
 * others.
 */
export function sampleRows<Row>(rows: Row[], kindOf: (row: Row) => unknown): Row[] {
  if (isLongRun) return rows
  const kinds = new Set<unknown>()
  return rows.filter((row, i) => {
    const isNew = !kinds.has(kindOf(row))
    kinds.add(kindOf(row))
    return isNew || i % STEP === 0
  })
}
