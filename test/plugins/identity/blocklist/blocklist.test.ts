import t from 'tap'
import { createMemoryBlocklist } from '../../../../src/plugins/identity/blocklist/memory.ts'
import { testBlocklist } from './behavior.ts'

t.test('the blocklist in memory', async (t) => {
  await testBlocklist(t, async () => createMemoryBlocklist())
})
