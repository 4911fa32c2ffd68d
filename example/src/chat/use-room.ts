import { ChannelError, type ChannelState } from 'fastify-minimal-starter-client'
import { useEffect, useRef, useState } from 'react'
import { useClient } from '../client.ts'
import { UserError } from '../ui/messages.ts'

export type Line = { seq: number; from: string; text: string }

/** Older lines leave the page. */
const SHOWN = 200
const WORDS: Record<string, string> = {
  RATE_LIMITED: 'You write faster than others can read. Try again in a second.',
  DISCONNECTED: 'The connection was lost. If your message is not above, send it again.',
  VALIDATION_FAILED: 'A message has 1 to 500 characters.'
}

/** The lines of a room as they are written, and how to write one. `state`: of the connection, which the client keeps up. */
export function useRoom(id: string) {
  const client = useClient()
  const [lines, setLines] = useState<Line[]>([])
  const [state, setState] = useState<ChannelState>('connecting')
  const room = useRef<ReturnType<typeof client.channels.join> | null>(null)

  useEffect(() => {
    const joined = client.channels.join(
      `room.${id}`,
      {
        onMessage({ seq, type, data }) {
          if (type !== 'text') return
          const line = { seq, ...(data as Omit<Line, 'seq'>) }
          setLines((before) => [...before, line].slice(-SHOWN))
        },
        onReset: () => setLines([]),
        onState: setState
      },
      0
    )
    room.current = joined
    return () => {
      joined.leave()
      setLines([])
    }
  }, [client, id])

  async function write(text: string) {
    await room.current?.send('text', { text }).catch((error: unknown) => {
      const words = error instanceof ChannelError ? WORDS[error.code] : undefined
      throw words === undefined ? error : new UserError(words)
    })
  }
  return { lines, state, write }
}
