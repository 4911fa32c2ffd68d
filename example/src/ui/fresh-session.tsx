import { ApiError } from 'fastify-minimal-starter-client'
import { createContext, type ReactNode, useContext, useState } from 'react'
import { useClient } from '../client.ts'
import { ProviderConfirm } from '../oidc/confirm.tsx'
import { PasskeyConfirm } from '../passkeys/confirm.tsx'
import { SecondFactorStep } from '../second-factor/step.tsx'
import { Dialog } from './dialog.tsx'
import { Field } from './field.tsx'
import { Form } from './form.tsx'
import { Canceled } from './messages.ts'

type WithFreshSession = <Result>(call: () => Promise<Result>) => Promise<Result>
const Context = createContext<WithFreshSession>((call) => call())

/**
 * Returns a function that makes a call which needs a fresh session, one whose user signed in or confirmed it a short time ago. If it is
 * not fresh, a dialog asks the user to confirm it, and the call is made again. Throws {@link Canceled} if the user closes the dialog.
 */
export const useFreshSession = () => useContext(Context)

type FreshSessionProps = {
  /** Until when the session is fresh. */
  freshUntil: string
  children: ReactNode
}

/** Shows the dialog. */
export function FreshSession({ freshUntil, children }: FreshSessionProps) {
  const client = useClient()
  const [waiting, setWaiting] = useState<PromiseWithResolvers<void> | null>(null)

  function ask() {
    const asked = Promise.withResolvers<void>()
    setWaiting(asked)
    return asked.promise.finally(() => setWaiting(null))
  }
  const withFreshSession: WithFreshSession = async (call) => {
    if (Date.parse(freshUntil) <= Date.now()) await ask()
    try {
      return await call()
    } catch (error) {
      // The clock of this device may be wrong.
      if (!(error instanceof ApiError) || error.code !== 'REAUTHENTICATION_REQUIRED') throw error
      await ask()
      return call()
    }
  }
  async function confirm({ password = '' }) {
    await client.reauthenticate(password)
    done()
  }
  const done = () => waiting?.resolve()
  const cancel = () => waiting?.reject(new Canceled())
  return (
    <Context value={withFreshSession}>
      {children}
      {waiting && (
        <Dialog title="Confirm that it is you" onClose={cancel}>
          <SecondFactorStep onDone={done} onCancel={cancel}>
            <p>You signed in a while ago. Enter your password to continue.</p>
            <Form action="Confirm" onSubmit={confirm} onCancel={cancel}>
              <Field name="password" label="Password" type="password" autoComplete="current-password" required />
            </Form>
            <PasskeyConfirm onDone={done} />
            <ProviderConfirm />
          </SecondFactorStep>
        </Dialog>
      )}
    </Context>
  )
}
