import { createClient } from 'fastify-minimal-starter-client'
import { createContext, useContext } from 'react'

export const API: string = import.meta.env['VITE_API'] ?? 'http://localhost:3000'

/** A real app has one client. This one shows both transports. */
export const clients = {
  cookie: createClient({ baseUrl: API, transport: 'cookie' }),
  token: createClient({ baseUrl: API, transport: 'token' })
}
export type Transport = keyof typeof clients

const REMEMBERED = 'transport'
/** The transport that the user chose last. Without storage, nothing is remembered. */
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
    // The choice lasts until the next reload.
  }
}

export const TransportContext = createContext<Transport>('cookie')
export const useClient = () => clients[useContext(TransportContext)]
