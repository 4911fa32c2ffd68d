import { useCallback, useState } from 'react'
import { useClient } from '../client.ts'
import { useSecurity } from '../security/use-security.ts'
import type { PageProps } from '../session.ts'
import { ActionButton } from '../ui/action-button.tsx'
import { Field } from '../ui/field.tsx'
import { Form } from '../ui/form.tsx'
import { useFreshSession } from '../ui/fresh-session.tsx'
import { Canceled, UserError } from '../ui/messages.ts'
import { Failed, Loading } from '../ui/states.tsx'
import { useList } from '../ui/use-list.ts'
import { UserRow } from './user-row.tsx'

/** All users, for those who may see them. */
export function Admin({ session: { session } }: PageProps) {
  const client = useClient()
  const withFreshSession = useFreshSession()
  const { value: security } = useSecurity(session.id)
  const [query, setQuery] = useState('')
  // biome-ignore lint/correctness/useExhaustiveDependencies: `withFreshSession` is another one once the session is renewed
  const load = useCallback(
    async (cursor?: string) => {
      try {
        const { users, nextCursor } = await withFreshSession(() => client.admin.users({ query, cursor }))
        return { items: users, nextCursor }
      } catch (error) {
        throw error instanceof Canceled ? new UserError('Confirm that it is you to see the users.') : error
      }
    },
    [client, session.id, query]
  )
  const { items, error, hasMore, reload, loadMore } = useList(load)

  return (
    <>
      <h1>Users</h1>
      <section>
        <Form action="Search" onSubmit={async ({ query = '' }) => setQuery(query)}>
          <Field name="query" label="Username or email" hint="A part of it is enough." type="search" maxLength={254} />
        </Form>
        {query && <p role="status">Users with “{query}”</p>}
        {error && <Failed error={error} retry={reload} />}
        {!items && !error && <Loading />}
        {items?.length === 0 && <p>No user has this in the username or email address.</p>}
        <ul className="rows">
          {items?.map((user) => (
            <UserRow key={user.id} user={user} permissions={security?.permissions ?? []} reload={reload} />
          ))}
        </ul>
        {hasMore && <ActionButton onClick={loadMore}>Show more</ActionButton>}
      </section>
    </>
  )
}
