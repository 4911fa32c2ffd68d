import type { PageProps } from '../session.ts'
import { DeleteAccount } from './delete-account.tsx'
import { Profile } from './profile.tsx'

export function Account({ session, reload, leave }: PageProps) {
  return (
    <>
      <h1>Account</h1>
      <Profile session={session} reload={reload} />
      <DeleteAccount leave={leave} />
    </>
  )
}
