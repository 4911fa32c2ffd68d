// What must be one step in Redis. In a cluster all keys of a call have one tag.

/** How long SQL is asked about a login that is about to be revoked, in ms: longer than it takes until SQL is reread. */
export const PREPARED_MS = 10_000

/**
 * Writes ARGV[1] to each key for ARGV[2] ms, but never over a value that says that a session has ended (ARGV[3] begins it).
 * Reading SQL, then a revocation, then this write: the revocation has to stay.
 */
export const WRITE_UNLESS_ENDED = `
  for _, key in ipairs(KEYS) do
    local value = redis.call('GET', key)
    if not value or string.sub(value, 1, string.len(ARGV[3])) ~= ARGV[3] then
      redis.call('SET', key, ARGV[1], 'PX', ARGV[2])
    end
  end`

/** Deletes each key that still has the value ARGV[1]. */
export const DELETE_IF = `
  for _, key in ipairs(KEYS) do
    if redis.call('GET', key) == ARGV[1] then redis.call('DEL', key) end
  end`

/**
 * Writes to each key its own value and life in ms: ARGV has a pair of them for each. A value that is there already never gets a
 * shorter life: the clock of this replica may be ahead.
 */
export const WRITE_ALL = `
  for i, key in ipairs(KEYS) do
    local value, life = ARGV[2 * i - 1], tonumber(ARGV[2 * i])
    if redis.call('GET', key) ~= value or redis.call('PTTL', key) < life then
      redis.call('SET', key, value, 'PX', life)
    end
  end`

/** Writes ARGV[2] to KEYS[1] for ARGV[3] ms where its value begins with ARGV[1]; gives whether it did. */
export const REPLACE_IF = `
  local value = redis.call('GET', KEYS[1])
  if not value or string.sub(value, 1, string.len(ARGV[1])) ~= ARGV[1] then return 0 end
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
  return 1`

/** Sets KEYS[2] where KEYS[1] was still there, and deletes that; gives whether it was. */
export const CONFIRM = `
  if redis.call('DEL', KEYS[1]) == 0 then return 0 end
  redis.call('SET', KEYS[2], '1')
  return 1`
