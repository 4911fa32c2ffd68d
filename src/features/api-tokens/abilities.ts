import type { TUnsafe } from 'typebox'

export type Abilities = ReturnType<typeof createAbilities>

/** The abilities that routes declare. They are collected while routes are registered, which is before schemas are compiled. */
export function createAbilities() {
  const schema: { type: 'string'; maxLength: number; enum?: string[] } = { type: 'string', maxLength: 64 }
  return {
    /** One of them. */
    schema: schema as unknown as TUnsafe<string>,
    add(ability: string) {
      schema.enum = [...new Set([...(schema.enum ?? []), ability])]
    }
  }
}
