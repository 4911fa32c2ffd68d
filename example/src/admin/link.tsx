import { useSecurity } from '../security/use-security.ts'

/** The link to the page of admins, for those who may see it. */
export function AdminLink({ userId, title }: { userId: string; title: string }) {
  const { value: security } = useSecurity(userId)
  if (!security?.permissions?.includes('users:read')) return null
  return (
    <a href="#/users" aria-current={title === 'Users' ? 'page' : undefined}>
      Users
    </a>
  )
}
