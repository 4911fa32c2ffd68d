import Type from 'typebox'
import { closed } from '../schemas.ts'

const Check = Type.Enum(['up', 'down', 'stopping'])
export const HealthReply = Type.Object(
  { status: Type.Enum(['ok', 'degraded', 'unavailable']), checks: Type.Record(Type.String(), Check) },
  closed
)
