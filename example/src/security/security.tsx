import { SecurityActivity } from '../activity/activity.tsx'
import type { PageProps } from '../session.ts'
import { Password } from './password.tsx'
import { Sessions } from './sessions.tsx'

export function Security({ session: { session } }: PageProps) {
  return (
    <>
      <h1>Security</h1>
      <section>
        <h2>How you sign in</h2>
        <ul className="rows">
          <Password />
        </ul>
      </section>
      <Sessions sid={session.id} />
      <SecurityActivity sid={session.id} />
    </>
  )
}
