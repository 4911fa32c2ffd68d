import { useSyncExternalStore } from 'react'
import { useClient } from '../client.ts'

/** What a provider says of a user whose account there is not linked yet, while it can still be. */
export function useNewcomer() {
  const client = useClient()
  return useSyncExternalStore(client.onPending, () => client.pending('newcomer'))
}
