import { orThrow } from 'fastify-minimal-starter-client'
import { useClient } from '../client.ts'
import { ChoosePicture } from '../files/choose-picture.tsx'
import { ChangeEmail } from '../recovery/change-email.tsx'
import type { PageProps } from '../session.ts'
import { Field } from '../ui/field.tsx'
import { Form } from '../ui/form.tsx'
import { Day } from '../ui/time.tsx'

export function Profile({ session, reload }: Pick<PageProps, 'session' | 'reload'>) {
  const client = useClient()
  const { user } = session

  async function save({ name = '', username = '' }) {
    await orThrow(client.api.PATCH('/api/users/me', { body: { name, username } }))
    await reload()
  }
  return (
    <section>
      <h2>Profile</h2>
      <ChoosePicture name={user.name} />
      <Form action="Save changes" done="Saved." onSubmit={save}>
        <Field name="name" label="Name" autoComplete="name" defaultValue={user.name} required />
        <Field
          name="username"
          label="Username"
          autoComplete="username"
          autoCapitalize="none"
          hint="3 to 64 letters, digits, or . _ -"
          defaultValue={user.username}
          required
        />
      </Form>
      <dl>
        <div>
          <dt>Email</dt>
          <dd>{user.email}</dd>
        </div>
        <div>
          <dt>Member since</dt>
          <dd>
            <Day at={user.createdAt} />
          </dd>
        </div>
      </dl>
      <ChangeEmail session={session} />
    </section>
  )
}
