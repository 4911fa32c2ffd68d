import { list } from '../config/kinds.ts'

/** An exact origin, as a browser sends it: no path, no pattern, no default port, never `*` or `null`. */
function isOrigin(item: string) {
  return /^https?:\/\/[\w.:[\]-]+$/.test(item) && URL.canParse(item) && new URL(item).origin === item
}

export const corsEnv = {
  CORS_API_ORIGINS: list(
    isOrigin,
    'must list exact origins such as https://app.example.com, without path, pattern or *'
  )
}
