import { useRef, useState } from 'react'
import { messageOf } from './messages.ts'
import { useLoaded } from './use-loaded.ts'

type Page<Item> = { items: Item[]; nextCursor: string | null }

/** A list that the service sends in pages. `loadPage` gets the cursor of a page; without one it loads the first. */
export function useList<Item>(loadPage: (cursor?: string) => Promise<Page<Item>>) {
  const { value, error, reload, set } = useLoaded<Page<Item>>(loadPage)
  const [moreError, setMoreError] = useState('')
  const isLoadingMore = useRef(false)

  async function loadMore() {
    const cursor = value?.nextCursor
    if (!cursor || isLoadingMore.current) return
    isLoadingMore.current = true
    try {
      const { items, nextCursor } = await loadPage(cursor)
      // After a reload in the meantime, this page no longer follows the items.
      set((now) => (now?.nextCursor === cursor ? { items: [...now.items, ...items], nextCursor } : now))
      setMoreError('')
    } catch (error) {
      setMoreError(messageOf(error))
    }
    isLoadingMore.current = false
  }
  return {
    /** Undefined: not loaded yet. */
    items: value?.items,
    error: error || moreError,
    hasMore: Boolean(value?.nextCursor),
    reload,
    loadMore,
    /** Changes the items here, without loading them again. */
    change: (update: (items: Item[]) => Item[]) => set((now) => now && { ...now, items: update(now.items) })
  }
}
