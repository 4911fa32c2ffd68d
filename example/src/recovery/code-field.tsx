import { Field } from '../ui/field.tsx'

/** Asks for the code from an email. */
export const CodeField = () => (
  <Field
    name="code"
    label="Code from the email"
    autoComplete="one-time-code"
    autoCapitalize="characters"
    spellCheck={false}
    maxLength={64}
    hint="8 letters and digits, such as 7K2M-Q9XD"
    required
  />
)
