import type { createClient } from 'fastify-minimal-starter-client'
import { useState } from 'react'
import { useClient } from '../client.ts'

type Purpose = Parameters<ReturnType<typeof createClient>['pending']>[0]

/** Whether a code is on its way for this purpose: the client remembers it, also across a reload. */
export function useCode(purpose: Purpose) {
  const client = useClient()
  return useState(() => client.pending(purpose) !== null)
}
