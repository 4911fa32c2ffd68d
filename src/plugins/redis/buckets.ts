// A cluster keeps keys with the same tag (the part in braces) on one node, and each node has some of these tags. What has to
// be read together, and what must be known of every node, goes by them.

/** Two hexadecimal digits each: enough for some dozens of nodes. */
export const BUCKETS = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, '0'))

/** The bucket of a login: the end of its id is random. */
export const bucketOf = (id: string) => id.slice(-2)
