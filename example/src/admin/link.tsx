import { useSecurity } from '../security/use-security.ts'

/** The link to the page of admins, for those who may see it. `sid`: the session of this page. */
export function AdminLink({ sid, title }: { sid: string; title: string }) {
  const { value: security } = useSecurity(sid)
  if (!security?.permissions?.includes('users:read')) return null
  return (
    <a href="#/users" aria-current={title === 'Users' ? 'page' : undefined}>
      Users
    </a>
  )
}
