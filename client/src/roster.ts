import type { Frame, Line } from './socket.ts'

/** `seq`: its number in the channel. 0: it is not stored. */
export type ChannelMessage = { seq: number; type: string; data: unknown }
/** `refused`: for good. */
export type ChannelState = 'connecting' | 'joined' | 'refused'
export type ChannelListener = {
  /** Called for each message once, and in order, whatever happens to the connection. */
  onMessage: (message: ChannelMessage) => void
  /** Messages before the next one are gone. */
  onReset?: () => void
  /** `code`: why it is refused, such as CHANNEL_NOT_FOUND. */
  onState?: (state: ChannelState, code?: string) => void
}
/** Why a message was not sent. DISCONNECTED: it may have been. */
export class ChannelError extends Error {
  override readonly name = 'ChannelError'
  declare readonly code: string
  constructor(code: string) {
    super(`The message was not sent: ${code}`)
    this.code = code
  }
}

/** `after`: where it begins. `seq`: the last number that it got. */
type Member = { listener: ChannelListener; after: number | undefined; seq: number | undefined }

/** Gets null, or the code of an error. */
type Answer = (code: string | null) => void

/** Beyond all numbers: the service answers with the last one. */
const FROM_NOW = Number.MAX_SAFE_INTEGER
const DISCONNECTED = 'DISCONNECTED'
/** These pass. */
const TEMPORARY = ['SERVICE_UNAVAILABLE', 'INTERNAL_ERROR', 'RATE_LIMITED']

/** The channels that a tab is in, and what waits for answers. `onChange` gets how many channels there are. */
export function createRoster(onChange: (size: number) => void) {
  const members = new Map<string, Member>()
  const answers = new Map<number, Answer>()
  let line: Line | null = null
  let count = 0

  function ask(frame: object, answer: Answer = () => {}) {
    count += 1
    if (line) answers.set(count, answer)
    line?.send({ ...frame, id: count })
    return count
  }
  function refuse(name: string, code: string) {
    const member = members.get(name)
    members.delete(name)
    onChange(members.size)
    member?.listener.onState?.('refused', code)
  }
  function subscribe(name: string, member: Member) {
    // Its answer stays: an error can follow, when the user is no longer in the channel.
    ask({ op: 'sub', channel: name, after: member.seq ?? member.after ?? FROM_NOW }, (code) => {
      if (members.get(name) !== member) return
      if (code === null) member.listener.onState?.('joined')
      else if (code === DISCONNECTED) member.listener.onState?.('connecting')
      else if (TEMPORARY.includes(code)) line?.close()
      else refuse(name, code)
    })
  }

  return {
    /** Receives what the service sends. */
    receive(frame: Frame) {
      if (frame.op === 'ok' || frame.op === 'error')
        return answers.get(frame.id ?? 0)?.(frame.op === 'ok' ? null : frame.code)
      const member = members.get(frame.channel)
      if (!member) return
      const isBeginning = member.seq === undefined && member.after === undefined
      if (frame.seq > 0 || frame.op === 'reset') member.seq = frame.seq
      if (frame.op === 'msg') member.listener.onMessage({ seq: frame.seq, type: frame.type, data: frame.data })
      else if (!isBeginning) member.listener.onReset?.()
    },
    /** Continues in every channel. */
    connect(next: Line) {
      line = next
      for (const [name, member] of members) subscribe(name, member)
    },
    disconnect() {
      line = null
      const waiting = [...answers.values()]
      answers.clear()
      for (const answer of waiting) answer(DISCONNECTED)
    },
    join(name: string, listener: ChannelListener, after: number | undefined) {
      if (members.has(name)) throw new Error(`This tab is already in the channel ${name}`)
      const own: Member = { listener, after, seq: undefined }
      members.set(name, own)
      listener.onState?.('connecting')
      if (line) subscribe(name, own)
      onChange(members.size)
      return {
        /** Sends a message. Throws {@link ChannelError}. */
        send(type: string, data: unknown) {
          return new Promise<void>((resolve, reject) => {
            const id = ask({ op: 'pub', channel: name, type, data }, (code) => {
              answers.delete(id)
              if (code === null) resolve()
              else reject(new ChannelError(code))
            })
            if (!line) reject(new ChannelError(DISCONNECTED))
          })
        },
        leave() {
          if (members.get(name) !== own) return
          members.delete(name)
          ask({ op: 'unsub', channel: name })
          onChange(members.size)
        }
      }
    },
    size: () => members.size,
    /** Shows whether the connection still works. */
    probe: () => void ask({ op: 'unsub', channel: '' }),
    refuseAll(code: string) {
      for (const name of members.keys()) refuse(name, code)
    },
    /** Another user begins anew. */
    forget() {
      for (const member of members.values()) member.seq = undefined
    }
  }
}
