import type { ReactNode } from 'react'
import { ActionButton } from './action-button.tsx'

/** Gray rows in place of a list that is still loading. */
export function Loading({ rows = 3 }: { rows?: number }) {
  return (
    <div className="loading" role="status">
      <span className="unseen">Loading…</span>
      {Array.from({ length: rows }, (_, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the rows are all the same
        <span key={row} className="skeleton" />
      ))}
    </div>
  )
}

/** What could not be loaded, and a button to try again. */
export function Failed({ error, retry }: { error: string; retry: () => Promise<void> }) {
  return (
    <div className="notice failed">
      <p role="alert">{error}</p>
      <ActionButton onClick={retry}>Try again</ActionButton>
    </div>
  )
}

/** What a list says when it has no entries. */
export function Empty({ icon, children }: { icon: ReactNode; children: ReactNode }) {
  return (
    <div className="empty">
      {icon}
      {children}
    </div>
  )
}
