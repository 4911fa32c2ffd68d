import { useEffect, useRef, useState } from 'react'
import { ActionButton } from '../ui/action-button.tsx'
import { Lifebuoy } from '../ui/icons.tsx'
import { Row } from '../ui/row.tsx'

type RecoveryCodesProps = {
  left: number
  /** New ones, to show now. */
  codes: string[] | null
  replace: () => Promise<void>
  onClose: () => void
}

/** How many recovery codes are left, and new ones. */
export function RecoveryCodes({ left, codes, replace, onClose }: RecoveryCodesProps) {
  return (
    <Row
      icon={<Lifebuoy />}
      title="Recovery codes"
      details={codes ? 'Each signs you in once, if you lose your phone.' : `${left} left, in case you lose your phone`}
      action={(about) =>
        !codes && (
          <ActionButton about={about} onClick={replace}>
            Get new codes
          </ActionButton>
        )
      }
    >
      {codes && <Codes codes={codes} onClose={onClose} />}
    </Row>
  )
}

function download(text: string) {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(new Blob([text], { type: 'text/plain' }))
  link.download = 'recovery-codes.txt'
  link.click()
  URL.revokeObjectURL(link.href)
}

function Codes({ codes, onClose }: { codes: string[]; onClose: () => void }) {
  const panel = useRef<HTMLDivElement>(null)
  const [status, setStatus] = useState('')
  useEffect(() => panel.current?.focus(), [])
  const text = `${codes.join('\n')}\n`

  async function copy() {
    await navigator.clipboard.writeText(text)
    setStatus('Copied.')
  }
  return (
    <div ref={panel} className="panel codes" tabIndex={-1}>
      <p>
        <strong>Save these codes now.</strong> They are not shown again. Codes that you saved before no longer work.
      </p>
      <ul>
        {codes.map((code) => (
          <li key={code}>
            <code>{code}</code>
          </li>
        ))}
      </ul>
      <div className="buttons">
        <button type="button" className="primary" onClick={onClose}>
          I have saved them
        </button>
        <ActionButton onClick={copy}>Copy</ActionButton>
        <button type="button" onClick={() => download(text)}>
          Download
        </button>
      </div>
      <p role="status">{status}</p>
    </div>
  )
}
