import type { NewMessage, Owner } from './types.ts'

/** The parameters of a pattern: `{ id: string }` for `room.:id`. */
export type ParamsOf<Pattern extends string> = Pattern extends `${infer First}.${infer Rest}`
  ? ParamsOf<First> & ParamsOf<Rest>
  : Pattern extends `:${infer Name}`
    ? { [Key in Name]: string }
    : unknown

/** What a kind of channel allows. Each function may throw an error of yours, whose code the client gets. */
export type ChannelDefinition<Params> = {
  /** Whether the log keeps messages, so that clients resume without a gap. If not, they may get lost, and their `seq` is 0. */
  durable: boolean
  /** Whether this user may be in the channel. */
  join(params: Params, owner: Owner): boolean | Promise<boolean>
  /** The message to send for the one that a client sent, or null to refuse it. Without this function, clients only listen. */
  publish?(params: Params, owner: Owner, message: NewMessage): NewMessage | null | Promise<NewMessage | null>
}
type AnyDefinition = ChannelDefinition<Record<string, string>>
/** One channel, and what it allows. */
export type Channel = {
  name: string
  durable: boolean
  join(owner: Owner): Promise<boolean>
  /** Null: not in this channel, or not allowed to. */
  publish(owner: Owner, message: NewMessage): Promise<NewMessage | null>
}
export type Definitions = ReturnType<typeof createDefinitions>

const PART = /^:?[a-z][a-z\d]*$/i

/** `room.:id` becomes a regular expression. No name has a colon, so no channel is an inbox. */
function toRegExp(pattern: string) {
  const parts = pattern.split('.')
  if (!parts.every((part) => PART.test(part))) throw new RangeError(`Not a pattern of channels: ${pattern}`)
  return new RegExp(
    `^${parts.map((part) => (part.startsWith(':') ? `(?<${part.slice(1)}>[\\w-]{1,64})` : part)).join('\\.')}$`
  )
}

/** The kinds of channels. The first whose pattern fits a name counts. */
export function createDefinitions() {
  const definitions = new Map<string, { fits: RegExp; definition: AnyDefinition }>()

  return {
    define<Pattern extends string>(pattern: Pattern, definition: ChannelDefinition<ParamsOf<Pattern>>) {
      if (definitions.has(pattern)) throw new RangeError(`Channels are defined twice: ${pattern}`)
      // `find` passes the parameters of this very pattern.
      definitions.set(pattern, { fits: toRegExp(pattern), definition: definition as unknown as AnyDefinition })
    },
    find(name: string): Channel | null {
      for (const { fits, definition } of definitions.values()) {
        const params = fits.exec(name)
        if (params === null) continue
        const given = { ...params.groups }
        return {
          name,
          durable: definition.durable,
          join: async (owner) => definition.join(given, owner),
          publish: async (owner, message) =>
            definition.publish && (await definition.join(given, owner))
              ? definition.publish(given, owner, message)
              : null
        }
      }
      return null
    }
  }
}
