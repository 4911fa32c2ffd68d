import { ApiError } from 'fastify-minimal-starter-client'
import { createContext, type FormEvent, type ReactNode, useContext, useId, useState } from 'react'

/** An error as the user should read it. */
export function messageOf(error: unknown) {
  if (error instanceof ApiError) {
    const seconds = error.retryAfterMs === null ? null : Math.ceil(error.retryAfterMs / 1000)
    return `${error.message}.${seconds === null ? '' : ` Try again in ${seconds} ${seconds === 1 ? 'second' : 'seconds'}.`}`
  }
  // What `fetch` throws without a reply.
  if (error instanceof TypeError || (error instanceof DOMException && error.name === 'TimeoutError'))
    return 'Cannot reach the server. Check your connection and try again.'
  reportError(error)
  return 'Something went wrong. Reload the page and try again.'
}

/** The errors of the fields, by name. */
const FieldErrors = createContext<Record<string, string>>({})

type FieldProps = { name: string; label: string; type?: string; autoComplete: string; hint?: string }

export function Field({ name, label, type = 'text', autoComplete, hint }: FieldProps) {
  const id = useId()
  const error = useContext(FieldErrors)[name]
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        {...{ name, type, autoComplete }}
        required
        aria-invalid={error !== undefined}
        aria-describedby={`${id}-hint`}
      />
      <small id={`${id}-hint`} className={error && 'error'}>
        {error ?? hint}
      </small>
    </div>
  )
}

/** If the focused element is gone, moves the focus to the top of the content, where a keyboard user continues. */
export function keepFocus() {
  requestAnimationFrame(() => {
    if (document.activeElement === document.body) document.querySelector('main')?.focus()
  })
}

const idle = { isBusy: false, error: '', fieldErrors: {}, success: '' }

type FormProps = {
  /** The text of the button. */
  action: string
  children?: ReactNode
  className?: string
  /** The id of a text that says what the button acts on, for buttons with the same text. */
  about?: string
  /** Gets the values of the fields by name. An error that it throws is shown. */
  onSubmit: (values: Record<string, string>) => Promise<void>
  /** The text to show after a success. */
  done?: string
}

/** Fields, a button, and the outcome: busy, done, or an error. */
export function Form({ action, children, className, about, onSubmit, done = '' }: FormProps) {
  const [{ isBusy, error, fieldErrors, success }, setState] = useState(idle)
  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    if (isBusy) return
    const form = event.currentTarget
    setState({ ...idle, isBusy: true })
    try {
      await onSubmit(Object.fromEntries(new FormData(form)) as Record<string, string>)
      form.reset()
      setState({ ...idle, success: done })
    } catch (error) {
      const errors = error instanceof ApiError ? error.errors : []
      const byName = Object.fromEntries(errors.map(({ pointer, detail }) => [pointer.slice(1), detail]))
      setState({ ...idle, error: messageOf(error), fieldErrors: byName })
    }
    keepFocus()
  }
  return (
    // Without fields this is just a button, so it gets no landmark.
    <form aria-label={children ? action : undefined} className={className} onSubmit={(event) => void submit(event)}>
      <FieldErrors value={fieldErrors}>{children}</FieldErrors>
      <button type="submit" aria-disabled={isBusy} aria-describedby={about}>
        {action}
      </button>
      {/* Always present: screen readers may miss a live region that appears together with its text. */}
      <p role="alert">{error}</p>
      <p role="status">{success}</p>
    </form>
  )
}
