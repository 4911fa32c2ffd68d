import { hashSecret, newCode, normalizeCode } from '../../plugins/identity/tickets/codes.ts'

const CODES = 10
/** Of 20 bits each: 120 bits. */
const GROUPS = 6

/** Ten new recovery codes. */
export const newRecoveryCodes = () => Array.from({ length: CODES }, () => newCode(GROUPS))

/** A code has too many random bits to guess, so a plain hash keeps it (ASVS 5.0, 6.5.2). */
export const hashRecoveryCode = (code: string) => hashSecret(normalizeCode(code))
