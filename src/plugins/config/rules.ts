import { corsRules } from '../cors/env.ts'
import { docsRules } from '../docs/env.ts'
import { loggingRules } from '../logging/env.ts'
import { proxyRules } from './env.ts'
import type { Settings } from './settings.ts'

/**
 * What valid settings may still get wrong. The start warns of it, where LOG_LEVEL lets it, and `npm run doctor` names it in the
 * same words, beside what only shows with the addresses of page and service.
 */
export type Rule = {
  /** What is so where all is well. */
  title: string
  /** Which setting to change. */
  setting: string
  isBroken: (settings: Settings) => boolean
  /** What comes of it, and what to do; never a value. */
  text: string
}

export const rules: Rule[] = [...proxyRules, ...loggingRules, ...corsRules, ...docsRules]
