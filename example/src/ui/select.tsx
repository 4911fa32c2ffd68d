import { type ComponentProps, useId } from 'react'

type SelectProps = ComponentProps<'select'> & {
  name: string
  label: string
  /** The words for each value. */
  options: Record<string, string>
}

/** A label, and a choice of one of a few values. */
export function Select({ label, options, ...select }: SelectProps) {
  const id = useId()
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <select id={id} {...select}>
        {Object.entries(options).map(([value, words]) => (
          <option key={value} value={value}>
            {words}
          </option>
        ))}
      </select>
    </div>
  )
}
