import type { ApiError } from 'fastify-minimal-starter-client'
import { type ComponentProps, createContext, useContext, useId, useState } from 'react'
import { Eye, EyeOff } from './icons.tsx'

/** The errors of the fields of a form, by name. */
export const FieldErrors = createContext<ApiError['fields']>({})

type FieldProps = ComponentProps<'input'> & { name: string; label: string; hint?: string; rows?: number }

/** A label, an input, and an error or a hint. With `rows` the text can have several lines; a password can be made visible. */
export function Field({ label, hint, rows, type = 'text', ...input }: FieldProps) {
  const id = useId()
  const error = useContext(FieldErrors)[input.name]
  const [isVisible, setVisible] = useState(false)
  const Input = (rows ? 'textarea' : 'input') as 'input'
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <div className="input">
        <Input
          id={id}
          {...(rows ? { rows } : { type: isVisible ? 'text' : type })}
          {...input}
          aria-invalid={error !== undefined}
          aria-describedby={`${id}-hint`}
        />
        {type === 'password' && (
          <button
            type="button"
            className="icon-button"
            aria-label={isVisible ? 'Hide password' : 'Show password'}
            onClick={() => setVisible(!isVisible)}
          >
            {isVisible ? <EyeOff /> : <Eye />}
          </button>
        )}
      </div>
      <small id={`${id}-hint`} className={error && 'error'}>
        {error ? `${error.detail}.` : hint}
      </small>
    </div>
  )
}
