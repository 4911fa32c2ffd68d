import { ApiError } from 'fastify-minimal-starter-client'
import { createContext, type FormEvent, type ReactNode, useContext, useId, useState } from 'react'

/** What went wrong, for the one who did it. */
export function messageOf(error: unknown) {
  if (error instanceof ApiError) {
    const wait = error.retryAfterMs === null ? '' : ` Try again in ${Math.ceil(error.retryAfterMs / 1000)} s.`
    return `${error.message}.${wait}`
  }
  // What fetch throws where nobody answers.
  if (error instanceof TypeError || (error instanceof DOMException && error.name === 'TimeoutError'))
    return 'The service cannot be reached.'
  reportError(error)
  return 'Something went wrong here.'
}

/** What is wrong with which field, by its name. */
const Faults = createContext<Record<string, string>>({})

type FieldProps = { name: string; label: string; type?: string; autoComplete: string; hint?: string }

export function Field({ name, label, type = 'text', autoComplete, hint }: FieldProps) {
  const id = useId()
  const fault = useContext(Faults)[name]
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        {...{ name, type, autoComplete }}
        required
        aria-invalid={fault !== undefined}
        aria-describedby={`${id}-hint`}
      />
      <small id={`${id}-hint`} className={fault && 'fault'}>
        {fault ?? hint}
      </small>
    </div>
  )
}

/** Where what had the focus is gone, a keyboard goes on at the top of what is there now. */
export function keepFocus() {
  requestAnimationFrame(() => {
    if (document.activeElement === document.body) document.querySelector('main')?.focus()
  })
}

const idle = { isBusy: false, fault: '', faults: {}, said: '' }

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
  const [{ isBusy, fault, faults, said }, setState] = useState(idle)
  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    if (isBusy) return
    const form = event.currentTarget
    setState({ ...idle, isBusy: true })
    try {
      await onSubmit(Object.fromEntries(new FormData(form)) as Record<string, string>)
      form.reset()
      setState({ ...idle, said: done })
    } catch (error) {
      const members = error instanceof ApiError ? error.errors : []
      const byName = Object.fromEntries(members.map(({ pointer, detail }) => [pointer.slice(1), detail]))
      setState({ ...idle, fault: messageOf(error), faults: byName })
    }
    keepFocus()
  }
  return (
    // A form without fields is a button: no landmark of its own.
    <form aria-label={children ? action : undefined} className={className} onSubmit={(event) => void submit(event)}>
      <Faults value={faults}>{children}</Faults>
      <button type="submit" aria-disabled={isBusy} aria-describedby={about}>
        {action}
      </button>
      {/* There before they speak, or screen readers may miss it. */}
      <p role="alert">{fault}</p>
      <p role="status">{said}</p>
    </form>
  )
}
