// A cluster keeps all keys with the same tag (the part in braces) on one node. Keys that are read together share a tag.

/** All tags, and the tag of a session's keys. */
type HashTags = { all: readonly string[]; of(sid: string): string }

/** A single server needs one tag. */
const SINGLE: HashTags = { all: ['0'], of: () => '0' }
/** The last two hexadecimal digits of the session's id, which are random: enough for dozens of nodes. */
const CLUSTER: HashTags = {
  all: Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, '0')),
  of: (sid) => sid.slice(-2)
}

export const hashTagsOf = (redis: { isCluster: boolean }) => (redis.isCluster ? CLUSTER : SINGLE)

/** The cluster slot of keys with this tag: CRC16 (XMODEM), per the cluster specification. */
export function slotOf(tag: string) {
  let crc = 0
  for (const byte of Buffer.from(tag)) {
    crc ^= byte << 8
    for (let bit = 0; bit < 8; bit++) crc = ((crc << 1) ^ (crc & 0x8000 ? 0x1021 : 0)) & 0xffff
  }
  return crc % 16_384
}

/** The most keys in one command: Redis runs nothing else meanwhile. */
export const KEYS_AT_ONCE = 1000

/** Splits a list into pieces of at most `size`. */
export function chunk<T>(entries: readonly T[], size: number) {
  return Array.from({ length: Math.ceil(entries.length / size) }, (_, i) => entries.slice(i * size, (i + 1) * size))
}

/** Groups entries for commands with many keys; all entries of a group have the same tag. */
export function groupByTag<T extends { id: string }>(tags: HashTags, entries: readonly T[]) {
  const groups = Object.values(Object.groupBy(entries, ({ id }) => tags.of(id)))
  return groups.flatMap((group = []) => chunk(group, KEYS_AT_ONCE))
}
