import { type ReactNode, useState } from 'react'
import { keepFocus } from './focus.ts'
import { messageOf } from './messages.ts'

type ActionButtonProps = {
  children: ReactNode
  onClick: () => Promise<unknown>
  kind?: 'primary' | 'danger'
  /** The id of a text that says what the button acts on, for buttons with the same text. */
  about?: string
}

/** A button that calls the service. It is busy meanwhile, and shows an error below. */
export function ActionButton({ children, onClick, kind, about }: ActionButtonProps) {
  const [isBusy, setBusy] = useState(false)
  const [error, setError] = useState('')
  async function act() {
    if (isBusy) return
    setBusy(true)
    setError('')
    await onClick().catch((error) => setError(messageOf(error)))
    setBusy(false)
    keepFocus()
  }
  return (
    <div className="action">
      <button type="button" className={kind} aria-disabled={isBusy} aria-describedby={about} onClick={() => void act()}>
        {children}
      </button>
      {/* Always present: screen readers may miss a live region that appears together with its text. */}
      <p role="alert">{error}</p>
    </div>
  )
}
