import { useRef } from 'react'

type FileButtonProps = {
  children: string
  kind?: 'primary'
  /** The types to choose from. */
  accept?: string
  multiple?: boolean
  isBusy?: boolean
  onChoose: (files: File[]) => void
}

/** A button that lets the user choose files. */
export function FileButton({ children, kind, isBusy = false, onChoose, ...choice }: FileButtonProps) {
  const input = useRef<HTMLInputElement>(null)
  return (
    <>
      <button
        type="button"
        className={kind}
        aria-disabled={isBusy}
        onClick={() => void (isBusy || input.current?.click())}
      >
        {children}
      </button>
      <input
        {...choice}
        ref={input}
        type="file"
        hidden
        onChange={({ currentTarget }) => {
          onChoose([...(currentTarget.files ?? [])])
          // The same file can be chosen again.
          currentTarget.value = ''
        }}
      />
    </>
  )
}
