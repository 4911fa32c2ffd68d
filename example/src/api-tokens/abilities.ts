import type { createClient } from 'fastify-minimal-starter-client'

export type Client = ReturnType<typeof createClient>
export type Token = Awaited<ReturnType<Client['apiTokens']['list']>>[number]

/** What API tokens may do, in words. */
export const ABILITIES: Record<string, string> = {
  'notes:read': 'Read your notes',
  'notes:write': 'Create, change, and delete notes'
}
