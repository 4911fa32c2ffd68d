import { useCallback, useEffect, useState } from 'react'
import { messageOf } from './form.tsx'

/** What `load` gives, or why there is none; loaded anew where it is another function, and by `reload`. */
export function useLoaded<Value>(load: () => Promise<Value>) {
  const [value, setValue] = useState<Value>()
  const [fault, setFault] = useState('')
  const reload = useCallback(async () => {
    try {
      setValue(await load())
      setFault('')
    } catch (error) {
      setFault(messageOf(error))
    }
  }, [load])
  useEffect(() => void reload(), [reload])
  return { value, fault, reload }
}
