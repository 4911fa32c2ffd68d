import { orThrow } from 'fastify-minimal-starter-client'
import { useCallback } from 'react'
import { type client, useClient } from '../client.ts'
import { useLoaded } from '../ui/use-loaded.ts'

const read = ({ api }: typeof client) => orThrow(api.GET('/api/users/me/security'))

/** How an account is secured. Members of features that the service is without are missing. */
export type Security = Partial<Awaited<ReturnType<typeof read>>>

/** Loads again if `key` changes, such as the session of the page, which is renewed. */
export function useSecurity(key?: string) {
  const client = useClient()
  // biome-ignore lint/correctness/useExhaustiveDependencies: most changes of the security of an account renew its session
  const load = useCallback(() => read(client), [client, key])
  return useLoaded<Security>(load)
}
