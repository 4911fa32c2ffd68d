import { isEmail } from '../../plugins/http/body/email.ts'
import { NAME_PATTERN } from '../../plugins/identity/users/names.ts'
import type { Profile } from './provider.ts'

const NAME_MAX = 120
const IS_NAME = new RegExp(NAME_PATTERN, 'u')

const isText = (value: unknown): value is string => typeof value === 'string' && value.isWellFormed()

/** What a sign-up can use of what a provider says: it may say anything. */
export function toProfile(verifiedEmail: unknown, name: unknown): Profile {
  return {
    email: isText(verifiedEmail) && isEmail(verifiedEmail) ? verifiedEmail : null,
    name: isText(name) && name.length <= NAME_MAX && IS_NAME.test(name) ? name : null
  }
}
