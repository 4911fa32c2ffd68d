import { createRequire } from 'node:module'
import t from 'tap'
import { groupByTag, hashTagsOf, slotOf } from '../../../../src/plugins/platform/redis/hash-tags.ts'

/** The function that ioredis uses to find the node of a key; the package has no types. */
const slotOfKey: (key: string) => number = createRequire(import.meta.url)('cluster-key-slot')

t.test('the slot of a tag is the cluster slot of its keys', async (t) => {
  for (const tag of [...hashTagsOf({ isCluster: true }).all, '0', 'a longer tag'])
    t.equal(slotOf(tag), slotOfKey(`prefix:{${tag}}:key`), tag)
})

t.test('a single server has one tag, a cluster one for each ending of an id', async (t) => {
  t.strictSame(hashTagsOf({ isCluster: false }).all, ['0'])
  const cluster = hashTagsOf({ isCluster: true })
  t.equal(new Set(cluster.all).size, 256)
  t.equal(cluster.of('01900000-0000-7000-8000-0000000000f3'), 'f3')
})

t.test('entries are grouped by tag, a thousand at most per command', async (t) => {
  const ids = Array.from({ length: 5000 }, (_, i) => ({ id: i.toString(16).padStart(8, '0') }))
  const single = groupByTag(hashTagsOf({ isCluster: false }), ids)
  t.strictSame(
    single.map((group) => group.length),
    [1000, 1000, 1000, 1000, 1000]
  )
  t.strictSame(single.flat(), ids)
  const groups = groupByTag(hashTagsOf({ isCluster: true }), ids)
  t.equal(groups.length, 256)
  for (const group of groups) t.equal(new Set(group.map(({ id }) => id.slice(-2))).size, 1)
  t.strictSame(groupByTag(hashTagsOf({ isCluster: false }), []), [])
})
