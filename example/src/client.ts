import { createClient } from 'fastify-minimal-starter-client'

export const API: string = import.meta.env['VITE_API'] ?? 'http://localhost:3000'
export type Transport = 'cookie' | 'token'

const REMEMBERED = 'transport'
export const transport: Transport = localStorage.getItem(REMEMBERED) === 'token' ? 'token' : 'cookie'
export const client = createClient({ baseUrl: API, transport })

/** An app has one transport. Here it can be chosen, before the login; the page then starts anew with it. */
export function choose(next: Transport) {
  localStorage.setItem(REMEMBERED, next)
  location.reload()
}
