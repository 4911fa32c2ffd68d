import { createContext, type ReactNode, useContext } from 'react'
import './files.css'
import { usePicture } from './use-picture.ts'
import { type Uploads, useUploads } from './use-uploads.ts'

type Files = ReturnType<typeof usePicture> & Uploads
const Context = createContext<Files | null>(null)

/** The picture of the user, and the uploads that are running. */
export const useFiles = () => useContext(Context) as Files

/** Keeps both while the user visits the pages. Without an id, nobody is signed in. */
export function FilesProvider({ userId, children }: { userId?: string; children: ReactNode }) {
  return <Context value={{ ...usePicture(userId), ...useUploads(userId) }}>{children}</Context>
}

/** The picture of the user, in place of their initials before it. */
export function Picture() {
  const { picture } = useFiles()
  return picture && <img className="avatar" src={picture} alt="" />
}

/** The link to the page, if the service has files. `title`: of the page that is shown. */
export function FilesLink({ title }: { title: string }) {
  if (useFiles().picture === undefined) return null
  return (
    <a href="#/files" aria-current={title === 'Files' ? 'page' : undefined}>
      Files
    </a>
  )
}
