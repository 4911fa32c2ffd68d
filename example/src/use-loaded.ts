import { useCallback, useEffect, useRef, useState } from 'react'
import { messageOf } from './form.tsx'

/** What `load` gives, or why there is none; loaded anew where it is another function, and by `reload`. `forget` sets it. */
export function useLoaded<Value>(load: () => Promise<Value>) {
  const [value, setValue] = useState<Value>()
  const [fault, setFault] = useState('')
  const latest = useRef(0)

  const forget = useCallback((next?: Value) => {
    latest.current++
    setValue(next)
  }, [])
  const reload = useCallback(async () => {
    const current = ++latest.current
    // Answers may come in another order than questions.
    const isLatest = () => latest.current === current
    try {
      const loaded = await load()
      if (!isLatest()) return
      setValue(loaded)
      setFault('')
    } catch (error) {
      if (isLatest()) setFault(messageOf(error))
    }
  }, [load])
  useEffect(() => void reload(), [reload])
  return { value, fault, reload, forget }
}
