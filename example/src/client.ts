import { createClient } from 'fastify-minimal-starter-client'
import { createContext, useContext } from 'react'

export const API: string = import.meta.env['VITE_API'] ?? 'http://localhost:3000'

export const client = createClient({ baseUrl: API })

/** The client to use. Your app can import `client` instead: only the demo in transport-switch.tsx has another one. */
export const ClientContext = createContext(client)
export const useClient = () => useContext(ClientContext)
