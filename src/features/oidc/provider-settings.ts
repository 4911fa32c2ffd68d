import { parseList, placeOf, type SettingType } from '../../plugins/platform/config/setting-types.ts'

/** A provider, as OIDC_PROVIDERS has it. Without a secret it is a public client. */
export type ProviderSettings = { id: string; issuer: string; clientId: string; clientSecret: string | null }

const ID = /^[a-z][a-z\d-]{0,31}$/
/** The calls next to `/api/auth/oidc/{provider}`. */
const RESERVED = ['login', 'signup']

const isLoopback = (hostname: string) => /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(hostname)
/** Whether a URL is encrypted, or leads to this machine, where nobody can read along. */
export const isPrivate = ({ protocol, hostname }: URL) =>
  protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname))

function decode(text: string) {
  try {
    return decodeURIComponent(text)
  } catch {
    return ''
  }
}

/** Reads `google=https://client:secret@accounts.google.com`; null if it is not right. */
function parseProvider(text: string): ProviderSettings | null {
  const [, id = '', address = ''] = /^([^=]+)=(.+)$/.exec(text) ?? []
  if (!ID.test(id) || RESERVED.includes(id) || !URL.canParse(address)) return null
  const url = new URL(address)
  const clientId = decode(url.username)
  const clientSecret = url.password === '' ? null : decode(url.password)
  if (!isPrivate(url) || clientId === '' || clientSecret === '' || url.search !== '' || url.hash !== '') return null
  return { id, issuer: `${url.origin}${url.pathname}`, clientId, clientSecret }
}

/** One or more comma-separated providers with different names, or null. */
export function providers(): SettingType<readonly ProviderSettings[] | null> {
  const fault =
    'must be one or more comma-separated providers, each name=https://client:secret@issuer, with encoded special characters'
  function parse(text: string) {
    const found = parseList(text).flatMap((item) => parseProvider(item) ?? [])
    const isComplete = found.length > 0 && found.length === parseList(text).length
    return isComplete && new Set(found.map(({ id }) => id)).size === found.length ? found : undefined
  }
  return {
    parse,
    fallback: null,
    fault,
    explain(text) {
      const items = parseList(text)
      if (items.every((item) => parseProvider(item))) return `${fault}: two have the same name`
      return `${fault}: ${placeOf(items, (item) => parseProvider(item) === null)} is invalid`
    }
  }
}

/** Whether providers can send users back there: the exact address of a page, as a browser writes it. */
export function isRedirectUri(text: string) {
  if (!URL.canParse(text)) return false
  const url = new URL(text)
  return isPrivate(url) && url.href === text && url.search === '' && url.hash === '' && url.username === ''
}
