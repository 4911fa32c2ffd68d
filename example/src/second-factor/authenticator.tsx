import { orThrow } from 'fastify-minimal-starter-client'
import { useState } from 'react'
import { useClient } from '../client.ts'
import type { Security } from '../security/use-security.ts'
import { ActionButton } from '../ui/action-button.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { Form } from '../ui/form.tsx'
import { useFreshSession } from '../ui/fresh-session.tsx'
import { Phone } from '../ui/icons.tsx'
import { Row } from '../ui/row.tsx'
import { RecoveryCodes } from './recovery-codes.tsx'
import { type Secret, SetUp } from './set-up.tsx'
import './second-factor.css'

type AuthenticatorProps = { security: Security; reload: () => Promise<void> }

/** Turns the authenticator app on and off. Its recovery codes are the next row. */
export function Authenticator({ security: { totp, recoveryCodesLeft = 0 }, reload }: AuthenticatorProps) {
  const client = useClient()
  const withFreshSession = useFreshSession()
  const [secret, setSecret] = useState<Secret | null>(null)
  const [codes, setCodes] = useState<string[] | null>(null)
  const [isTurningOff, setTurningOff] = useState(false)
  const [status, setStatus] = useState('')
  // Not loaded yet, or the feature is off.
  if (totp === undefined) return null

  async function begin() {
    setStatus('')
    setSecret(await withFreshSession(() => orThrow(client.api.POST('/api/users/me/totp'))))
  }
  async function turnOn(code: string) {
    setCodes(await withFreshSession(() => client.enableTotp(code)))
    setSecret(null)
  }
  async function turnOff() {
    await withFreshSession(client.disableTotp)
    setTurningOff(false)
    setCodes(null)
    setStatus('The authenticator app is off.')
  }
  async function replaceCodes() {
    const { recoveryCodes } = await withFreshSession(() => orThrow(client.api.POST('/api/users/me/recovery-codes')))
    setCodes(recoveryCodes)
    await reload()
  }
  return (
    <>
      <Row
        icon={<Phone />}
        title="Authenticator app"
        badge={totp && 'On'}
        details={
          <>
            {totp
              ? 'You also need a code from the app to sign in.'
              : 'Asks for a code from your phone when you sign in.'}
            <span role="status">{status}</span>
          </>
        }
        action={(about) =>
          totp ? (
            <button type="button" aria-describedby={about} onClick={() => setTurningOff(true)}>
              Turn off
            </button>
          ) : (
            !secret && (
              <ActionButton about={about} onClick={begin}>
                Set up
              </ActionButton>
            )
          )
        }
      >
        {secret && !totp && <SetUp secret={secret} turnOn={turnOn} onCancel={() => setSecret(null)} />}
      </Row>
      {(totp || codes) && (
        <RecoveryCodes left={recoveryCodesLeft} codes={codes} replace={replaceCodes} onClose={() => setCodes(null)} />
      )}
      {isTurningOff && (
        <Dialog title="Turn off the authenticator app?" onClose={() => setTurningOff(false)}>
          <p>Your password alone will sign you in, and your recovery codes will stop working.</p>
          <Form action="Yes, turn it off" kind="danger" onSubmit={turnOff} onCancel={() => setTurningOff(false)} />
        </Dialog>
      )}
    </>
  )
}
