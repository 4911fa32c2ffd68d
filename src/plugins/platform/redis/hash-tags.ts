// A cluster keeps keys with the same tag (the part in braces) on one node. Keys that are read together share a tag, and what
// must be known of every node goes by tags as well.

/** The tags of keys, and which of them those of a session have. */
export type HashTags = { all: readonly string[]; of(sid: string): string }

/** A single server needs one tag. */
const SINGLE: HashTags = { all: ['0'], of: () => '0' }
/** Two hexadecimal digits, the random end of the session's id: enough for some dozens of nodes. */
const CLUSTER: HashTags = {
  all: Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, '0')),
  of: (sid) => sid.slice(-2)
}

export const hashTagsOf = (redis: { isCluster: boolean }) => (redis.isCluster ? CLUSTER : SINGLE)

/** The slot that a cluster keeps keys with this tag in: CRC16 (XMODEM), as the cluster specification says. */
export function slotOf(tag: string) {
  let crc = 0
  for (const byte of Buffer.from(tag)) {
    crc ^= byte << 8
    for (let bit = 0; bit < 8; bit++) crc = ((crc << 1) ^ (crc & 0x8000 ? 0x1021 : 0)) & 0xffff
  }
  return crc % 16_384
}

/** How many keys one command takes: a command blocks Redis for as long as it works. */
export const KEYS_AT_ONCE = 1000

/** Cuts a list into pieces of at most `size`. */
export function chunk<T>(entries: readonly T[], size: number) {
  return Array.from({ length: Math.ceil(entries.length / size) }, (_, i) => entries.slice(i * size, (i + 1) * size))
}

/** Groups entries for commands that take many keys; those of a group have the same tag. */
export function groupByTag<T extends { id: string }>(buckets: HashTags, entries: readonly T[]) {
  const groups = Object.values(Object.groupBy(entries, ({ id }) => buckets.of(id)))
  return groups.flatMap((group = []) => chunk(group, KEYS_AT_ONCE))
}
