import { useEffect, useRef } from 'react'

/** Loads more when the user scrolls near the end of the list. The button is for the keyboard. */
export function Endless({ loadMore }: { loadMore: () => Promise<void> }) {
  const button = useRef<HTMLButtonElement>(null)
  // Observes anew after each page: the end may still be in sight.
  useEffect(() => {
    if (!button.current) return
    const observer = new IntersectionObserver(([entry]) => void (entry?.isIntersecting && loadMore()), {
      rootMargin: '400px'
    })
    observer.observe(button.current)
    return () => observer.disconnect()
  })
  return (
    <button ref={button} type="button" onClick={() => void loadMore()}>
      Load more
    </button>
  )
}
