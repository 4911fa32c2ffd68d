import { useEffect, useRef, useState } from 'react'
import { useClient } from '../client.ts'
import { messageOf } from '../ui/messages.ts'

export type Upload = {
  key: number
  file: File
  /** How much has been sent, from 0 to 1. */
  share: number
  /** Why it ended. Empty: it is running, or waits for those before it. */
  failure: string
  cancel: () => void
}
export type Uploads = ReturnType<typeof useUploads>

/** Uploads files, one after another. They go on while the user visits other pages, until they sign out. */
export function useUploads(userId: string | undefined) {
  const client = useClient()
  const [uploads, setUploads] = useState<Upload[]>([])
  const [stored, setStored] = useState<string[]>([])
  const queue = useRef(Promise.resolve())
  const lastKey = useRef(0)
  const leaving = useRef(new AbortController())
  // biome-ignore lint/correctness/useExhaustiveDependencies: the uploads of one user end with their session
  useEffect(() => {
    leaving.current = new AbortController()
    return () => {
      leaving.current.abort()
      setUploads([])
      setStored([])
    }
  }, [userId])

  const change = (key: number, changes: Partial<Upload>) =>
    setUploads((all) => all.map((one) => (one.key === key ? { ...one, ...changes } : one)))
  const dismiss = (key: number) => setUploads((all) => all.filter((one) => one.key !== key))

  async function send(key: number, file: File, signal: AbortSignal) {
    try {
      signal.throwIfAborted()
      await client.files.upload(file, { signal, onProgress: (share) => change(key, { share }) })
      dismiss(key)
      setStored((names) => [...names, file.name])
    } catch (error) {
      change(key, { failure: signal.aborted ? 'Canceled' : messageOf(error) })
    }
  }
  function start(file: File) {
    const key = ++lastKey.current
    const canceling = new AbortController()
    setUploads((all) => [...all, { key, file, share: 0, failure: '', cancel: () => canceling.abort() }])
    const signal = AbortSignal.any([canceling.signal, leaving.current.signal])
    queue.current = queue.current.then(() => send(key, file, signal))
  }
  return {
    uploads,
    /** The names of the files that have been uploaded. */
    stored,
    start: (files: Iterable<File>) => [...files].forEach(start),
    retry({ key, file }: Upload) {
      dismiss(key)
      start(file)
    },
    dismiss
  }
}
