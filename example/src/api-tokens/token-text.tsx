import { useEffect, useRef, useState } from 'react'
import { ActionButton } from '../ui/action-button.tsx'

/** A new token, which is shown only now. */
export function TokenText({ text, onClose }: { text: string; onClose: () => void }) {
  const panel = useRef<HTMLDivElement>(null)
  const [status, setStatus] = useState('')
  useEffect(() => panel.current?.focus(), [])

  async function copy() {
    await navigator.clipboard.writeText(text)
    setStatus('Copied.')
  }
  return (
    <div ref={panel} className="panel" tabIndex={-1}>
      <p>
        <strong>Save this token now.</strong> It is not shown again.
      </p>
      <p>
        <code className="token">{text}</code>
      </p>
      <div className="buttons">
        <button type="button" className="primary" onClick={onClose}>
          I have saved it
        </button>
        <ActionButton onClick={copy}>Copy</ActionButton>
      </div>
      <p role="status">{status}</p>
    </div>
  )
}
