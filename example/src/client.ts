import { createClient } from 'fastify-minimal-starter-client'
import { createContext, useContext } from 'react'

export const API: string = import.meta.env['VITE_API'] ?? 'http://localhost:3000'

/** An app has one of them. Here both can be looked at. */
export const clients = {
  cookie: createClient({ baseUrl: API, transport: 'cookie' }),
  token: createClient({ baseUrl: API, transport: 'token' })
}
export type Transport = keyof typeof clients

export const TransportContext = createContext<Transport>('cookie')
export const useClient = () => clients[useContext(TransportContext)]
