import type { NotificationState } from 'fastify-minimal-starter-client'
import { useEffect, useId, useRef, useState } from 'react'
import { useClient } from '../client.ts'
import { BellIcon } from '../ui/icons.tsx'
import { NotificationList } from './list.tsx'
import './notifications.css'
import { describeNotification } from './words.ts'

/** A button with the number of unread notifications, which opens their list. Both change as notifications arrive. */
export function Bell() {
  const client = useClient()
  const [state, setState] = useState<NotificationState>({ unread: 0, notification: null })
  const [isOpen, setOpen] = useState(false)
  const panel = useRef<HTMLDivElement>(null)
  const id = useId()
  useEffect(() => client.notifications.on(setState), [client])

  const { unread, notification } = state
  return (
    <>
      <button type="button" className="bell" popoverTarget={id} aria-label={`Notifications: ${unread} unread`}>
        <BellIcon />
        {unread > 0 && <span className="count">{unread > 99 ? '99+' : unread}</span>}
      </button>
      <span className="unseen" role="status">
        {notification && describeNotification(notification).words}
      </span>
      {/* The browser closes it with Escape and with a click outside, and returns the focus. */}
      <div
        ref={panel}
        id={id}
        popover="auto"
        className="notifications"
        role="dialog"
        aria-label="Notifications"
        onToggle={({ newState }) => setOpen(newState === 'open')}
      >
        {isOpen && <NotificationList state={state} close={() => panel.current?.hidePopover()} />}
      </div>
    </>
  )
}
