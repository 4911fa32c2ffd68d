import { type ReactNode, useEffect, useRef } from 'react'
import { AdminLink } from './admin/link.tsx'
import { useClient } from './client.ts'
import { FilesLink, Picture } from './files/files-provider.tsx'
import { Bell } from './notifications/bell.tsx'
import { pages } from './pages.ts'
import type { PageProps } from './session.ts'
import { TransportSwitch } from './transport-switch.tsx'
import { ActionButton } from './ui/action-button.tsx'
import { Avatar } from './ui/avatar.tsx'
import { Logo } from './ui/icons.tsx'

const APP_NAME = 'Fastify minimal starter'

/** Moves the focus to the content when the page changes, as a browser does, and scrolls to the top. */
function useFocusOnNewPage(title: string) {
  const main = useRef<HTMLElement>(null)
  const shown = useRef('')
  useEffect(() => {
    if (!title) return
    document.title = `${title} · ${APP_NAME}`
    if (shown.current && shown.current !== title) {
      main.current?.focus({ preventScroll: true })
      scrollTo(0, 0)
    }
    shown.current = title
  }, [title])
  return main
}

type LayoutProps = Partial<PageProps> & { title: string; children: ReactNode }

/** The frame of every page. `title`: of the page, empty while it is not known. */
export function Layout({ title, session, leave, children }: LayoutProps) {
  const client = useClient()
  const main = useFocusOnNewPage(title)
  return (
    <>
      <header>
        <a className="brand" href="#/">
          <Logo />
          {APP_NAME}
        </a>
        {session && leave && (
          <>
            <nav aria-label="Main">
              {pages
                .filter(({ isForFew }) => !isForFew)
                .map((page) => (
                  <a key={page.path} href={`#/${page.path}`} aria-current={page.title === title ? 'page' : undefined}>
                    {page.title}
                  </a>
                ))}
              <FilesLink title={title} />
              <AdminLink userId={session.user.id} title={title} />
            </nav>
            <Bell key={session.user.id} />
            <a className="user" href="#/account">
              <Avatar name={session.user.name} />
              <Picture />
              <span>{session.user.name}</span>
            </a>
            <ActionButton onClick={() => leave('You have signed out.', client.logout)}>Sign out</ActionButton>
          </>
        )}
      </header>
      <main ref={main} tabIndex={-1}>
        {children}
      </main>
      <footer>
        <TransportSwitch />
      </footer>
    </>
  )
}
