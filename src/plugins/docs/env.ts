import { flag } from '../config/kinds.ts'

export const docsEnv = {
  API_DOCS: flag('false')
}
