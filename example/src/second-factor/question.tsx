import { ApiError } from 'fastify-minimal-starter-client'
import { useEffect, useRef, useState } from 'react'
import { Field } from '../ui/field.tsx'
import { Form } from '../ui/form.tsx'
import { UserError } from '../ui/messages.ts'
import { ByPasskey } from './by-passkey.tsx'
import type { Factor } from './step.tsx'
import './second-factor.css'

type QuestionProps = {
  /** The second factors that the user has. */
  methods: string[]
  confirm: (factor: Factor) => Promise<void>
  onCancel: () => void
}

/** Asks for a code of the authenticator app, or for a recovery code. */
export function Question({ methods, confirm, onCancel }: QuestionProps) {
  const [isRecovery, setRecovery] = useState(!methods.includes('totp'))
  const panel = useRef<HTMLDivElement>(null)
  const other = isRecovery ? 'totp' : 'recovery'
  // biome-ignore lint/correctness/useExhaustiveDependencies: the other question has another field
  useEffect(() => panel.current?.querySelector('input')?.focus(), [isRecovery])

  const confirmCode = ({ code = '' }) => confirm({ code })
  const confirmRecoveryCode = ({ recoveryCode = '' }) =>
    confirm({ recoveryCode }).catch((error) => {
      const isWrong = error instanceof ApiError && error.code === 'INVALID_CODE'
      throw isWrong ? new UserError('This recovery code is wrong, or was already used.') : error
    })
  return (
    <div ref={panel} className="question">
      {isRecovery ? (
        <Form key="recovery" action="Continue" onSubmit={confirmRecoveryCode} onCancel={onCancel}>
          <Field
            name="recoveryCode"
            label="Recovery code"
            autoComplete="off"
            autoCapitalize="characters"
            spellCheck={false}
            maxLength={64}
            hint="One of the codes that you saved. Each works once."
            required
          />
        </Form>
      ) : (
        <Form key="totp" action="Continue" onSubmit={confirmCode} onCancel={onCancel}>
          <Field
            name="code"
            label="Code from your authenticator app"
            autoComplete="one-time-code"
            inputMode="numeric"
            maxLength={64}
            hint="6 digits"
            required
          />
        </Form>
      )}
      <ByPasskey methods={methods} confirm={confirm} />
      {methods.includes(other) && (
        <button type="button" onClick={() => setRecovery(!isRecovery)}>
          {isRecovery ? 'Use your authenticator app' : 'Use a recovery code'}
        </button>
      )}
    </div>
  )
}
