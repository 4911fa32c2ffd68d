import { createClient } from 'fastify-minimal-starter-client'
import { createContext, Fragment, type ReactNode, useContext, useState } from 'react'
import { API, ClientContext, client } from './client.ts'

// For developers who try the example: a choice of how the session is stored. Your app has one client and does not ask.

const clients = { cookie: client, token: createClient({ baseUrl: API, transport: 'token' }) }
const LABELS = { cookie: 'Session cookie', token: 'Access token' }
type Transport = keyof typeof clients

const REMEMBERED = 'transport'
function recall(): Transport {
  try {
    return localStorage.getItem(REMEMBERED) === 'token' ? 'token' : 'cookie'
  } catch {
    return 'cookie'
  }
}
function remember(transport: Transport) {
  try {
    localStorage.setItem(REMEMBERED, transport)
  } catch {
    // The browser denies storage: the choice lasts until the next reload.
  }
}

const Context = createContext<[Transport, (next: Transport) => void]>(['cookie', () => {}])

/** Gives the pages the client of the chosen transport. */
export function TransportChoice({ children }: { children: ReactNode }) {
  const [transport, setTransport] = useState(recall)
  function choose(next: Transport) {
    remember(next)
    setTransport(next)
  }
  return (
    <Context value={[transport, choose]}>
      <ClientContext value={clients[transport]}>
        <Fragment key={transport}>{children}</Fragment>
      </ClientContext>
    </Context>
  )
}

export function TransportSwitch() {
  const [transport, choose] = useContext(Context)
  return (
    <fieldset className="transport">
      <legend>
        Demo of <code>{API}</code>: your session is stored as
      </legend>
      {(['cookie', 'token'] as const).map((kind) => (
        <label key={kind}>
          <input type="radio" name="transport" checked={transport === kind} onChange={() => choose(kind)} />
          {LABELS[kind]}
        </label>
      ))}
    </fieldset>
  )
}
