import { useEffect, useRef } from 'react'
import type { PageProps } from '../session.ts'
import { Field } from '../ui/field.tsx'
import { Form } from '../ui/form.tsx'
import './chat.css'
import { useRoom } from './use-room.ts'

const NOTES = {
  connecting: 'Connecting…',
  joined: '',
  refused: 'Chat is not available here. Close other tabs that show it, and reload the page.'
}

/** A room that everybody who is signed in reads and writes in. */
export function Chat({ session }: Pick<PageProps, 'session'>) {
  const { lines, state, write } = useRoom('lobby')
  const end = useRef<HTMLDivElement>(null)
  // biome-ignore lint/correctness/useExhaustiveDependencies: scrolls to each new line
  useEffect(() => {
    // In newer browsers it returns a promise, which an effect must not.
    void end.current?.scrollIntoView({ block: 'nearest' })
  }, [lines])
  return (
    <>
      <h1>Chat</h1>
      <section>
        <div className="chat" role="log" aria-label="Messages">
          {lines.map(({ seq, from, text }) => (
            <p key={seq} className={from === session.user.username ? 'own' : undefined}>
              <strong>{from}</strong>
              <span>{text}</span>
            </p>
          ))}
          {lines.length === 0 && state === 'joined' && <p className="aside">Nobody has written yet. Say hello!</p>}
          <div ref={end} />
        </div>
        <p role="status">{NOTES[state]}</p>
        <Form action="Send" onSubmit={({ text = '' }) => write(text)}>
          <Field name="text" label="Message" autoComplete="off" maxLength={500} required />
        </Form>
      </section>
    </>
  )
}
