import type { ReactNode } from 'react'

// Decoration only, so screen readers skip them: each stands next to a text, or in a button that has a label.

const Icon = ({ children }: { children: ReactNode }) => (
  <svg className="icon" viewBox="0 0 24 24" aria-hidden="true">
    {children}
  </svg>
)

export const Logo = () => (
  <svg className="logo" viewBox="0 0 32 32" aria-hidden="true">
    <rect width="32" height="32" rx="9" />
    <path d="M9 21.5 14.5 16 9 10.5M16.5 21.5h7" />
  </svg>
)
export const Computer = () => (
  <Icon>
    <rect x="3" y="4" width="18" height="12" rx="2" />
    <path d="M8 20h8M12 16v4" />
  </Icon>
)
export const Phone = () => (
  <Icon>
    <rect x="7" y="2.5" width="10" height="19" rx="2.5" />
    <path d="M11 18.5h2" />
  </Icon>
)
export const Terminal = () => (
  <Icon>
    <rect x="3" y="4" width="18" height="16" rx="2" />
    <path d="m7 9 3 3-3 3M12.5 15H17" />
  </Icon>
)
export const Key = () => (
  <Icon>
    <circle cx="8" cy="15" r="4.5" />
    <path d="m11.5 11.5 8-8M16 7l3 3" />
  </Icon>
)
export const Lifebuoy = () => (
  <Icon>
    <circle cx="12" cy="12" r="9" />
    <circle cx="12" cy="12" r="3.5" />
    <path d="m5.6 5.6 3.9 3.9M14.5 14.5l3.9 3.9M18.4 5.6l-3.9 3.9M9.5 14.5l-3.9 3.9" />
  </Icon>
)
export const Fingerprint = () => (
  <Icon>
    <path d="M6 8.2A7.5 7.5 0 0 1 19.5 12c0 2-.1 3.6-.5 5M4.5 15c.2-1 .3-2 .3-3 0-.6.1-1.2.3-1.8M12 12c0 3.5-.6 6.3-2 9M8.3 12a3.7 3.7 0 0 1 7.4 0c0 3.4-.4 6-1.3 8.3M8.2 15.5c-.2 1.5-.6 2.8-1.2 4" />
  </Icon>
)
export const Eye = () => (
  <Icon>
    <path d="M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12Z" />
    <circle cx="12" cy="12" r="3" />
  </Icon>
)
export const EyeOff = () => (
  <Icon>
    <path d="M9.9 5.8A9 9 0 0 1 12 5.5c6 0 9.5 6.5 9.5 6.5a17 17 0 0 1-2.6 3.4M6.2 7.6A17 17 0 0 0 2.5 12S6 18.5 12 18.5a9 9 0 0 0 4.5-1.2M3 3l18 18" />
  </Icon>
)
export const Document = () => (
  <Icon>
    <path d="M6 2.5h8.5L19 7v14.5H6ZM14 2.5V7.5h5M9.5 12h6M9.5 16h6" />
  </Icon>
)
export const Photo = () => (
  <Icon>
    <rect x="3" y="4" width="18" height="16" rx="2" />
    <circle cx="8.5" cy="9.5" r="1.5" />
    <path d="m3.5 17.5 5-4.5 3.5 3 3.5-3.5 5 4.5" />
  </Icon>
)
export const Notebook = () => (
  <Icon>
    <path d="M6 3h10a2 2 0 0 1 2 2v14a2 2 0 0 1-2 2H6ZM6 3v18M3.5 7.5H6M3.5 12H6M3.5 16.5H6M10 8h4.5M10 12h4.5" />
  </Icon>
)
export const BellIcon = () => (
  <Icon>
    <path d="M6 9.5a6 6 0 0 1 12 0c0 5.5 2 7 2 7H4s2-1.5 2-7ZM10 20a2.2 2.2 0 0 0 4 0" />
  </Icon>
)
