/** Variables that Node and packages read from the environment of the process, never from `.env`. */
const NOT_FROM_FILE = /^(NODE_|PG[A-Z]|OTEL_|UV_|TZ$)/

/** How many characters to change, insert, or delete to get from one name to the other. */
function editDistance(a: string, b: string) {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1]
    for (const [j, other] of [...b].entries())
      next.push(Math.min((next[j] ?? 0) + 1, (row[j + 1] ?? 0) + 1, (row[j] ?? 0) + (letter === other ? 0 : 1)))
    row = next
  }
  return row.at(-1) ?? 0
}

/** The most similar setting, or undefined if none is similar. */
function nearest(name: string, settings: readonly string[]) {
  const near = settings
    .map((setting) => ({ setting, distance: editDistance(name.toUpperCase(), setting) }))
    .sort((a, b) => a.distance - b.distance)[0]
  return near && near.distance <= 0.4 * Math.max(name.length, near.setting.length) ? near : undefined
}

/** The text of `.env` with every quoted value, which may have several lines, as underscores. */
const maskQuoted = (text: string) =>
  text.replaceAll(/(?<==[ \t]*)(["'`])[\s\S]*?\1/g, (value) => value.replaceAll(/[^\n]/g, '_'))

/** Other names may be a line of a key that was pasted without quotes, and are not printed. */
const looksLikeName = (name: string) => /^(?:[A-Z][A-Z0-9_]{0,39}|[a-z][a-z0-9_]{0,39})$/.test(name)

/** Warnings about lines of `.env` without effect: those that are not NAME=value, and names that are not settings. */
export function checkEnvFile(text: string, settings: readonly string[]): string[] {
  const lines = maskQuoted(text).split(/\r?\n/).entries()
  return [...lines].flatMap(([i, line]) => {
    // An empty line, a comment, or a further line of a quoted value.
    if (/^\s*_*\s*(#.*)?$/.test(line)) return []
    const [, name] = /^\s*(?:export\s+)?([\w.-]+)\s*=/.exec(line) ?? []
    if (name === undefined) return [`line ${i + 1} of .env is ignored, because it is not NAME=value`]
    if (settings.includes(name)) return []
    if (NOT_FROM_FILE.test(name)) return [`${name} in .env has no effect: set it in the environment of the process`]
    const near = nearest(name, settings)
    if (!near && !looksLikeName(name)) return [`line ${i + 1} of .env does not begin with the name of a setting`]
    return [`${name} in .env is not a setting${near ? `: did you mean ${near.setting}?` : ', so it has no effect'}`]
  })
}

/** The first setting of `.env` whose value is cut off, because an unquoted # begins a comment; the rest may be of a password. */
export function findCutOff(text: string) {
  return /^\s*(?:export\s+)?([\w.-]+)\s*=[^\n#]*(?<!\s)#/m.exec(maskQuoted(text))?.[1]
}

/** Warnings about variables of the environment whose name is almost that of a setting that nothing sets. */
export function checkNames(names: string[], given: string[], settings: readonly string[]): string[] {
  return names.flatMap((name) => {
    if (name.length < 6 || settings.includes(name)) return []
    const near = nearest(
      name,
      settings.filter((setting) => Math.abs(setting.length - name.length) <= 2)
    )
    if (!near || near.distance > 2 || given.includes(near.setting)) return []
    return [`${name} in the environment is not a setting: did you mean ${near.setting}?`]
  })
}
