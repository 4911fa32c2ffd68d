import { ApiError } from 'fastify-minimal-starter-client'
import { useCallback, useEffect } from 'react'
import { useClient } from '../client.ts'
import { useLoaded } from '../ui/use-loaded.ts'

/** The picture of a user as an address for `<img>`, or null. Undefined: not known yet, or the service has no files. */
export function usePicture(userId: string | undefined) {
  const client = useClient()
  const load = useCallback(async () => {
    if (userId === undefined) return undefined
    try {
      const picture = await client.avatars.read(userId)
      return picture && URL.createObjectURL(picture)
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return undefined
      throw error
    }
  }, [client, userId])
  const { value: picture, reload } = useLoaded(load)
  useEffect(() => () => void (picture && URL.revokeObjectURL(picture)), [picture])
  return { picture, reload }
}
