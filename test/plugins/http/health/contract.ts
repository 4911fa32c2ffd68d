import type { Contract } from '../docs/contract.test.ts'

export const contract: Contract = async (ask) => {
  await ask('GET /livez', 200)
  await ask('GET /readyz', 200)
}
