import type { ComponentType } from 'react'
import { Account } from './account/account.tsx'
import { Admin } from './admin/admin.tsx'
import { Chat } from './chat/chat.tsx'
import { Files } from './files/files.tsx'
import { Notes } from './notes/notes.tsx'
import { ChooseName } from './oidc/choose-name.tsx'
import { ForgotPassword } from './recovery/forgot-password.tsx'
import { Security } from './security/security.tsx'
import type { PageProps } from './session.ts'
import { SignIn } from './sign-in/sign-in.tsx'
import { SignUp } from './sign-in/sign-up.tsx'

// Every page of the app: its address after `#/`, its title, and its component. The first of each list is the start page.

/** `isForFew`: the navigation does not show it to everybody. */
type Page<Props> = { path: string; title: string; Content: ComponentType<Props>; isForFew?: boolean }

/** The pages of a user who is signed in. They are also the navigation. */
export const pages: Page<PageProps>[] = [
  { path: 'notes', title: 'Notes', Content: Notes },
  { path: 'chat', title: 'Chat', Content: Chat },
  { path: 'security', title: 'Security', Content: Security },
  { path: 'account', title: 'Account', Content: Account },
  { path: 'files', title: 'Files', Content: Files, isForFew: true },
  { path: 'users', title: 'Users', Content: Admin, isForFew: true }
]

/** The pages of a visitor who is not signed in. */
export const visitorPages: Page<object>[] = [
  { path: 'sign-in', title: 'Sign in', Content: SignIn },
  { path: 'sign-up', title: 'Create an account', Content: SignUp },
  { path: 'choose-name', title: 'Choose a name', Content: ChooseName },
  { path: 'forgot-password', title: 'Forgotten password', Content: ForgotPassword }
]

/** The page with this path, or else the start page. */
export const findPage = <Props>(list: Page<Props>[], path: string) =>
  (list.find((page) => page.path === path) ?? list[0]) as Page<Props>
