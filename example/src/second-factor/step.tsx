import { ApiError, type createClient } from 'fastify-minimal-starter-client'
import { type ReactNode, useState, useSyncExternalStore } from 'react'
import { useClient } from '../client.ts'
import { Question } from './question.tsx'

export type Factor = Parameters<ReturnType<typeof createClient>['secondFactor']>[0]

const BEGIN_AGAIN = 'That took too long, or there were too many wrong codes. Begin again with your password.'

type SecondFactorStepProps = {
  children: ReactNode
  /** Called once a session is renewed. Without it, the step is part of a sign-in. */
  onDone?: () => void
  onCancel?: () => void
}

/** Asks for a second factor, in place of its children, once a call of theirs needs one. A reload of the page asks again. */
export function SecondFactorStep({ children, onDone, onCancel }: SecondFactorStepProps) {
  const client = useClient()
  const pending = useSyncExternalStore(client.onPending, () => client.pending('second-factor'))
  const isOurs = pending?.isLogin === (onDone === undefined)
  const [notice, setNotice] = useState('')

  async function confirm(factor: Factor) {
    setNotice('')
    try {
      await client.secondFactor(factor)
    } catch (error) {
      if (error instanceof ApiError && error.code === 'TICKET_INVALID') setNotice(BEGIN_AGAIN)
      throw error
    }
    onDone?.()
  }
  function cancel() {
    setNotice('')
    client.forget('second-factor')
    onCancel?.()
  }
  if (isOurs) return <Question methods={pending?.methods ?? []} confirm={confirm} onCancel={cancel} />
  return (
    <>
      <p role="alert">{notice}</p>
      {children}
    </>
  )
}
