import { useEffect, useState } from 'react'
import { useClient } from '../client.ts'
import { ActionButton } from '../ui/action-button.tsx'
import { Avatar } from '../ui/avatar.tsx'
import { messageOf } from '../ui/messages.ts'
import { FileButton } from './file-button.tsx'
import { Picture, useFiles } from './files-provider.tsx'

/** A picture on its way: shown while it is uploaded. */
type Choice = { url: string; share: number }

/** Lets the user choose their picture. Nothing if the service has no files. */
export function ChoosePicture({ name }: { name: string }) {
  const client = useClient()
  const { picture, reload } = useFiles()
  const [choice, setChoice] = useState<Choice | null>(null)
  const [error, setError] = useState('')
  const url = choice?.url
  useEffect(() => () => void (url && URL.revokeObjectURL(url)), [url])
  if (picture === undefined) return null

  async function choose([file]: File[]) {
    if (!file) return
    const url = URL.createObjectURL(file)
    setError('')
    setChoice({ url, share: 0 })
    try {
      const { id } = await client.files.upload(file, { onProgress: (share) => setChoice({ url, share }) })
      await client.avatars.set(id).catch(async (error: unknown) => {
        await client.files.remove(id)
        throw error
      })
      await reload()
    } catch (error) {
      setError(messageOf(error))
    }
    setChoice(null)
  }
  async function remove() {
    await client.avatars.remove()
    await reload()
  }
  return (
    <div className="picture">
      <Avatar name={name} />
      {choice ? <img className="avatar" src={choice.url} alt="" /> : <Picture />}
      <div className="buttons">
        <FileButton accept="image/png,image/jpeg,image/webp,image/gif,image/avif" isBusy={!!choice} onChoose={choose}>
          {picture ? 'Change picture' : 'Choose a picture'}
        </FileButton>
        {picture && !choice && <ActionButton onClick={remove}>Remove picture</ActionButton>}
      </div>
      <div>
        {choice && <progress aria-label="Upload of your picture" value={choice.share} />}
        {!choice && !error && <small>Everybody who signs in can see it. It is also one of your files.</small>}
        <p role="alert">{error}</p>
      </div>
    </div>
  )
}
