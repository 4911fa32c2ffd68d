import { flag } from '../config/kinds.ts'
import type { Rule } from '../config/rules.ts'

export const docsEnv = {
  API_DOCS: flag('false')
}

export const docsRules: Rule[] = [
  {
    title: 'The reference page is not public',
    setting: 'API_DOCS',
    isBroken: ({ API_DOCS, COOKIE_SECURE }) => API_DOCS && COOKIE_SECURE,
    text: 'API_DOCS shows every call to everybody, at /docs (ASVS 13.4.5). Set API_DOCS=false'
  }
]
