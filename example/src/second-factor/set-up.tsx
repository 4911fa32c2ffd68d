import { useEffect, useRef } from 'react'
import { Field } from '../ui/field.tsx'
import { Form } from '../ui/form.tsx'
import { QrCode } from './qr-code.tsx'

/** What the app needs, to type and as the content of a QR code. */
export type Secret = { secret: string; uri: string }

type SetUpProps = { secret: Secret; turnOn: (code: string) => Promise<void>; onCancel: () => void }

/** Gives the secret to an authenticator app, and asks for its first code. */
export function SetUp({ secret: { secret, uri }, turnOn, onCancel }: SetUpProps) {
  const panel = useRef<HTMLDivElement>(null)
  useEffect(() => panel.current?.querySelector('input')?.focus(), [])
  return (
    <div ref={panel} className="panel set-up">
      <QrCode text={uri} label="QR code for an authenticator app" />
      <div>
        <p>
          Scan the QR code with an authenticator app, <a href={uri}>open the app on this device</a>, or type this key:
        </p>
        <p>
          <code className="secret">{secret.match(/.{1,4}/g)?.join(' ')}</code>
        </p>
        <Form action="Turn on" onSubmit={({ code = '' }) => turnOn(code)} onCancel={onCancel}>
          <Field
            name="code"
            label="Code from the app"
            autoComplete="one-time-code"
            inputMode="numeric"
            maxLength={64}
            hint="6 digits. Your other sessions will end."
            required
          />
        </Form>
      </div>
    </div>
  )
}
