import { type SetStateAction, useCallback, useEffect, useRef, useState } from 'react'
import { messageOf } from './messages.ts'

/** The result of `load`, or an error message. Loads again if `load` changes, and with `reload`; `set` replaces the value. */
export function useLoaded<Value>(load: () => Promise<Value>) {
  const [value, setValue] = useState<Value>()
  const [error, setError] = useState('')
  const latest = useRef(0)

  const set = useCallback((next: SetStateAction<Value | undefined>) => {
    latest.current++
    setValue(next)
  }, [])
  const reload = useCallback(async () => {
    const current = ++latest.current
    // Replies can arrive out of order.
    const isLatest = () => latest.current === current
    try {
      const loaded = await load()
      if (!isLatest()) return
      setValue(loaded)
      setError('')
    } catch (error) {
      if (isLatest()) setError(messageOf(error))
    }
  }, [load])
  useEffect(() => void reload(), [reload])
  return { value, error, reload, set }
}
