import { delays } from './delays.ts'

/** What the service sends: see docs/channels.md. */
export type Frame =
  | { op: 'ok'; id: number }
  | { op: 'error'; id: number | null; code: string }
  | { op: 'msg'; channel: string; seq: number; type: string; data: unknown }
  | { op: 'reset'; channel: string; seq: number }
export type Line = { send: (frame: object) => void; close: () => void }

/** The close code of a connection that was lost. */
const LOST = 1006

/** Opens a socket, and resolves with its close code once it is closed. A service that does not answer in time is lost. */
export function openSocket(
  url: string,
  signal: AbortSignal,
  { onOpen, onFrame }: { onOpen: (line: Line) => void; onFrame: (frame: Frame) => void }
): Promise<number> {
  return new Promise((resolve) => {
    const socket = new WebSocket(url)
    let timer: ReturnType<typeof setTimeout> | undefined

    /** Does not wait for the service to close its end, because the network may be gone. */
    function end(code: number) {
      clearTimeout(timer)
      signal.removeEventListener('abort', close)
      socket.onopen = socket.onmessage = socket.onclose = null
      socket.close()
      resolve(code)
    }
    const close = () => end(LOST)
    function expectAnswer() {
      timer ??= setTimeout(close, delays.answerMs)
    }
    function heard() {
      clearTimeout(timer)
      timer = undefined
    }
    function send(frame: object) {
      if (socket.readyState !== WebSocket.OPEN) return
      socket.send(JSON.stringify(frame))
      expectAnswer()
    }
    signal.addEventListener('abort', close)
    expectAnswer()
    socket.onopen = () => {
      heard()
      onOpen({ send, close })
    }
    socket.onmessage = ({ data }) => {
      heard()
      onFrame(JSON.parse(data))
    }
    socket.onclose = ({ code }) => end(code)
  })
}
