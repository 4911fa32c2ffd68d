import { ApiError } from 'fastify-minimal-starter-client'
import { type FormEvent, type ReactNode, useEffect, useRef, useState } from 'react'
import { FieldErrors } from './field.tsx'
import { keepFocus } from './focus.ts'
import { messageOf } from './messages.ts'

const idle = { isBusy: false, error: '', fieldErrors: {} as ApiError['fields'], success: '' }

type FormProps = {
  /** The text of the button. */
  action: string
  /** The fields. */
  children?: ReactNode
  kind?: 'primary' | 'danger'
  onCancel?: () => void
  /** More buttons. */
  buttons?: ReactNode
  /** Gets the values of the fields by name. An error that it throws is shown. */
  onSubmit: (values: Record<string, string>) => Promise<void>
  /** The text to show after a success. */
  done?: string
}

/** Fields, a button, and the outcome: busy, done, or errors, each at its field where it has one. */
export function Form({ action, children, kind = 'primary', onCancel, buttons, onSubmit, done = '' }: FormProps) {
  const [{ isBusy, error, fieldErrors, success }, setState] = useState(idle)
  const form = useRef<HTMLFormElement>(null)
  // biome-ignore lint/correctness/useExhaustiveDependencies: runs after the fields show their errors
  useEffect(() => form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus(), [fieldErrors])

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    if (isBusy) return
    const fields = event.currentTarget
    setState({ ...idle, isBusy: true })
    try {
      await onSubmit(Object.fromEntries(new FormData(fields)) as Record<string, string>)
      fields.reset()
      setState({ ...idle, success: done })
      keepFocus()
    } catch (error) {
      const fieldErrors = error instanceof ApiError ? error.fields : {}
      const isShown = Object.keys(fieldErrors).some((name) => fields.elements.namedItem(name))
      setState({ ...idle, error: isShown ? '' : messageOf(error), fieldErrors })
      keepFocus()
    }
  }
  return (
    <form ref={form} aria-label={action} onSubmit={(event) => void submit(event)}>
      <FieldErrors value={fieldErrors}>{children}</FieldErrors>
      <div className="buttons">
        <button type="submit" className={kind} aria-disabled={isBusy}>
          {action}
        </button>
        {onCancel && (
          <button type="button" onClick={onCancel}>
            Cancel
          </button>
        )}
        {buttons}
      </div>
      {/* Always present: screen readers may miss a live region that appears together with its text. */}
      <p role="alert">{error}</p>
      <p role="status">{success}</p>
    </form>
  )
}
