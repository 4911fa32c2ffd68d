// Lua scripts for steps that must be atomic. In a cluster all keys of a call have the same tag.

/** How long checks go to SQL for a session that is about to be revoked, in ms: longer than the next resync from SQL takes. */
export const PREPARED_MS = 10_000

/**
 * Writes ARGV[1] to each key for ARGV[2] ms, unless its value starts with ARGV[3], which marks an ended session: a slow caller
 * must not overwrite a revocation.
 */
export const WRITE_UNLESS_ENDED = `
  for _, key in ipairs(KEYS) do
    local value = redis.call('GET', key)
    if not value or string.sub(value, 1, string.len(ARGV[3])) ~= ARGV[3] then
      redis.call('SET', key, ARGV[1], 'PX', ARGV[2])
    end
  end`

/** Deletes each key whose value is still ARGV[1]. */
export const DELETE_IF = `
  for _, key in ipairs(KEYS) do
    if redis.call('GET', key) == ARGV[1] then redis.call('DEL', key) end
  end`

/**
 * Writes a value to each key, with a life in ms; ARGV has a pair for each key. An equal value never gets a shorter life: the
 * clock of this replica may be ahead.
 */
export const WRITE_ALL = `
  for i, key in ipairs(KEYS) do
    local value, life = ARGV[2 * i - 1], tonumber(ARGV[2 * i])
    if redis.call('GET', key) ~= value or redis.call('PTTL', key) < life then
      redis.call('SET', key, value, 'PX', life)
    end
  end`

/** Writes ARGV[2] to KEYS[1] for ARGV[3] ms if its value starts with ARGV[1]; returns whether it did. */
export const REPLACE_IF = `
  local value = redis.call('GET', KEYS[1])
  if not value or string.sub(value, 1, string.len(ARGV[1])) ~= ARGV[1] then return 0 end
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
  return 1`

/** If KEYS[1] still exists, deletes it and sets KEYS[2]; returns whether it existed. */
export const CONFIRM = `
  if redis.call('DEL', KEYS[1]) == 0 then return 0 end
  redis.call('SET', KEYS[2], '1')
  return 1`
