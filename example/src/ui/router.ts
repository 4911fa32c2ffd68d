import { useSyncExternalStore } from 'react'

// The page is the part of the address after `#/`, so that links are ordinary links and any static server can serve the app.

function subscribe(onChange: () => void) {
  addEventListener('hashchange', onChange)
  return () => removeEventListener('hashchange', onChange)
}
const readPath = () => location.hash.replace(/^#\/?/, '')

/** The path of the current page. Empty: the start page. */
export const usePath = () => useSyncExternalStore(subscribe, readPath)

/** Shows another page, in place of this one in the browser's history. */
export const go = (path: string) => location.replace(`#/${path}`)
