import { Field } from '../ui/field.tsx'
import { Form } from '../ui/form.tsx'
import { UserError } from '../ui/messages.ts'
import { Select } from '../ui/select.tsx'
import { ABILITIES, type Client } from './abilities.ts'

export type NewToken = Parameters<Client['apiTokens']['add']>[0]
type Ability = NewToken['abilities'][number]

const DAY_SECONDS = 86_400
const LIFETIMES = { 30: '30 days', 90: '90 days', 365: 'One year' }

type TokenFormProps = { onSubmit: (token: NewToken) => Promise<void>; onCancel: () => void }

export function TokenForm({ onSubmit, onCancel }: TokenFormProps) {
  async function submit({ name = '', days, ...chosen }: Record<string, string>) {
    const abilities = Object.keys(ABILITIES).filter((ability) => ability in chosen) as Ability[]
    if (abilities.length === 0) throw new UserError('Choose what the token may do.')
    await onSubmit({ name, abilities, expiresIn: Number(days) * DAY_SECONDS })
  }
  return (
    <Form action="Make token" onSubmit={submit} onCancel={onCancel}>
      <Field
        name="name"
        label="Name of the token"
        hint="What it is for, to recognize it later."
        maxLength={64}
        required
      />
      <fieldset className="abilities">
        <legend>What it may do</legend>
        {Object.entries(ABILITIES).map(([ability, words]) => (
          <label key={ability}>
            <input type="checkbox" name={ability} />
            {words}
          </label>
        ))}
      </fieldset>
      <Select name="days" label="Valid for" options={LIFETIMES} defaultValue="90" />
    </Form>
  )
}
