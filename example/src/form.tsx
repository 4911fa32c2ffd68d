import { ApiError } from 'fastify-minimal-starter-client'
import { type FormEvent, type ReactNode, useId, useState } from 'react'

/** What went wrong, for the one who did it. */
export function messageOf(error: unknown) {
  if (!(error instanceof ApiError)) return 'The service cannot be reached.'
  const members = error.errors.map(({ pointer, detail }) => `${pointer.slice(1)} ${detail}`)
  const wait = error.retryAfterMs === null ? '' : ` Try again in ${Math.ceil(error.retryAfterMs / 1000)} s.`
  return `${[error.message, ...members].join('; ')}.${wait}`
}

type FieldProps = { name: string; label: string; type?: string; autoComplete: string; hint?: string }

export function Field({ name, label, type = 'text', autoComplete, hint }: FieldProps) {
  const id = useId()
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input id={id} {...{ name, type, autoComplete }} required aria-describedby={hint && `${id}-hint`} />
      {hint && <small id={`${id}-hint`}>{hint}</small>}
    </div>
  )
}

type FormProps = {
  /** What its button says. */
  action: string
  children?: ReactNode
  className?: string
  /** The id of a text that says what the button is about, where there are several of them. */
  about?: string
  /** Gets the fields by their names; what it throws is shown. */
  onSubmit: (values: Record<string, string>) => Promise<void>
  /** What is said when it is done. */
  done?: string
}

/** Fields, a button, and what came of it: busy, done, or why not. */
export function Form({ action, children, className, about, onSubmit, done = '' }: FormProps) {
  const [{ isBusy, fault, said }, setState] = useState({ isBusy: false, fault: '', said: '' })
  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    if (isBusy) return
    const form = event.currentTarget
    setState({ isBusy: true, fault: '', said: '' })
    try {
      await onSubmit(Object.fromEntries(new FormData(form)) as Record<string, string>)
      form.reset()
      setState({ isBusy: false, fault: '', said: done })
    } catch (error) {
      setState({ isBusy: false, fault: messageOf(error), said: '' })
    }
  }
  return (
    <form aria-label={action} className={className} onSubmit={(event) => void submit(event)}>
      {children}
      <button type="submit" aria-disabled={isBusy} aria-describedby={about}>
        {action}
      </button>
      {/* There before they speak, or screen readers may miss it. */}
      <p role="alert">{fault}</p>
      <p role="status">{said}</p>
    </form>
  )
}
