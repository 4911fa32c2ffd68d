import Type from 'typebox'

const Check = Type.Enum(['up', 'down', 'stopping'])
export const HealthReply = Type.Object(
  { status: Type.Enum(['ok', 'degraded', 'unavailable']), checks: Type.Record(Type.String(), Check) },
  { additionalProperties: false }
)
