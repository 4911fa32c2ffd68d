/** The initials of a name, such as "AL". Decoration: the name stands next to it. */
export function Avatar({ name }: { name: string }) {
  const words = name.trim().split(/\s+/)
  const initials = [words[0], words.length > 1 && words.at(-1)].map((word) => (word ? [...word][0] : ''))
  return (
    <span className="avatar" aria-hidden="true">
      {initials.join('').toUpperCase()}
    </span>
  )
}
