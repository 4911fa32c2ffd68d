import { type ReactNode, useId } from 'react'

type RowProps = {
  icon?: ReactNode
  title: ReactNode
  badge?: string | false
  details: ReactNode
  /** Gets the id of the text, for a button that says what it acts on. */
  action?: (id: string) => ReactNode
  /** What opens below. */
  children?: ReactNode
}

/** An entry of a list: an icon, a title, details in small type, and an action. */
export function Row({ icon, title, badge, details, action, children }: RowProps) {
  const id = useId()
  return (
    <li className="row">
      {icon}
      <div id={id} className="text">
        {title} {badge && <span className="badge">{badge}</span>}
        <small>{details}</small>
      </div>
      {action?.(id)}
      {children}
    </li>
  )
}
