import { createClient } from 'fastify-minimal-starter-client'
import { createContext, useContext } from 'react'

export const API: string = import.meta.env['VITE_API'] ?? 'http://localhost:3000'

/** An app has one of them. Here both can be looked at. */
export const clients = {
  cookie: createClient({ baseUrl: API, transport: 'cookie' }),
  token: createClient({ baseUrl: API, transport: 'token' })
}
export type Transport = keyof typeof clients

const REMEMBERED = 'transport'
/** The transport that was chosen last. Storage may be disabled or full: then nothing is remembered. */
export function recallTransport(): Transport {
  try {
    return localStorage.getItem(REMEMBERED) === 'token' ? 'token' : 'cookie'
  } catch {
    return 'cookie'
  }
}
export function rememberTransport(transport: Transport) {
  try {
    localStorage.setItem(REMEMBERED, transport)
  } catch {
    // The choice still holds until the next reload.
  }
}

export const TransportContext = createContext<Transport>('cookie')
export const useClient = () => clients[useContext(TransportContext)]
