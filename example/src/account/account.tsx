import type { PageProps } from '../session.ts'
import { DeleteAccount } from './delete-account.tsx'
import { Profile } from './profile.tsx'

export function Account({ session: { user }, reload, leave }: PageProps) {
  return (
    <>
      <h1>Account</h1>
      <Profile user={user} onChanged={reload} />
      <DeleteAccount leave={leave} />
    </>
  )
}
