import { FilesProvider } from './files/files-provider.tsx'
import { Layout } from './layout.tsx'
import { Callback, useResponse } from './oidc/callback.tsx'
import { LinkNewcomer } from './oidc/link-newcomer.tsx'
import { findPage, pages, visitorPages } from './pages.ts'
import { VerifyEmail } from './recovery/verify-email.tsx'
import { useSession } from './session.ts'
import { TransportChoice } from './transport-switch.tsx'
import { FreshSession } from './ui/fresh-session.tsx'
import { usePath } from './ui/router.ts'
import { Failed, Loading } from './ui/states.tsx'

export function App() {
  return (
    <TransportChoice>
      <Screen />
    </TransportChoice>
  )
}

/** The page of this address, for a user who is signed in or for a visitor. */
function Screen() {
  const { session, error, reload, leave, notice } = useSession()
  const path = usePath()
  const [response, leaveCallback] = useResponse()
  if (response) return <Callback response={response} leave={leaveCallback} />
  const failure = error && <Failed error={error} retry={reload} />
  if (session) {
    const { title, Content } = findPage(pages, path)
    const props = { session, reload, leave }
    return (
      <FilesProvider userId={session.user.id}>
        <Layout title={title} {...props}>
          {failure}
          <VerifyEmail key={session.user.email} {...props} />
          {/* The key: another user starts with fresh pages. */}
          <FreshSession key={session.user.id} freshUntil={session.session.freshUntil}>
            <LinkNewcomer />
            <Content {...props} />
          </FreshSession>
        </Layout>
      </FilesProvider>
    )
  }
  const { title, Content } = findPage(visitorPages, path)
  return (
    <FilesProvider>
      <Layout title={session === null ? title : ''}>
        {failure}
        {session === undefined && !error && <Loading />}
        {session === null && (
          <div className="narrow">
            {notice && (
              <p className="notice" role="status">
                {notice}
              </p>
            )}
            <Content />
          </div>
        )}
      </Layout>
    </FilesProvider>
  )
}
