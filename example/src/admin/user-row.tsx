import type { createClient } from 'fastify-minimal-starter-client'
import { useClient } from '../client.ts'
import './admin.css'
import { ActionButton } from '../ui/action-button.tsx'
import { Avatar } from '../ui/avatar.tsx'
import { Form } from '../ui/form.tsx'
import { useFreshSession } from '../ui/fresh-session.tsx'
import { Row } from '../ui/row.tsx'
import { Select } from '../ui/select.tsx'
import { Ago } from '../ui/time.tsx'
import { useOpener } from '../ui/use-opener.ts'

type Client = ReturnType<typeof createClient>
type User = Awaited<ReturnType<Client['admin']['user']>>
type Role = Parameters<Client['admin']['setRole']>[1]

const ROLES = { user: 'User', support: 'Support', admin: 'Admin' }
const toWords = (role: string) => ROLES[role as Role] ?? role

type UserRowProps = { user: User; permissions: string[]; reload: () => Promise<void> }

export function UserRow({ user, permissions, reload }: UserRowProps) {
  const { id, name, username, email, role, bannedAt, lastSeenAt } = user
  const { admin } = useClient()
  const withFreshSession = useFreshSession()
  const { isOpen, open, close, button, panel } = useOpener()

  async function change(call: () => Promise<unknown>) {
    await withFreshSession(call)
    await reload()
  }
  return (
    <Row
      icon={<Avatar name={name} />}
      title={name}
      badge={bannedAt ? 'Banned' : role !== 'user' && toWords(role)}
      details={
        <>
          {username} · {email}
          <br />
          {lastSeenAt ? <LastSeen at={lastSeenAt} /> : 'Not seen lately'}
        </>
      }
      action={(about) => (
        <button
          ref={button}
          type="button"
          aria-describedby={about}
          aria-expanded={isOpen}
          onClick={isOpen ? close : open}
        >
          Manage
        </button>
      )}
    >
      {isOpen && (
        <div ref={panel} className="panel manage">
          {permissions.includes('users:role') && (
            <Form
              action="Save role"
              onSubmit={({ role }) => change(() => admin.setRole(id, role as Role))}
              done="The role was saved."
            >
              <Select name="role" label="Role" options={ROLES} defaultValue={role} key={role} />
            </Form>
          )}
          <div className="buttons">
            <ActionButton onClick={() => change(() => admin.endSessions(id))}>End all sessions</ActionButton>
            {bannedAt ? (
              <ActionButton onClick={() => change(() => admin.unban(id))}>Lift the ban</ActionButton>
            ) : (
              <ActionButton kind="danger" onClick={() => change(() => admin.ban(id))}>
                Ban
              </ActionButton>
            )}
          </div>
        </div>
      )}
    </Row>
  )
}

const LastSeen = ({ at }: { at: string }) => (
  <>
    Last seen <Ago at={at} />
  </>
)
