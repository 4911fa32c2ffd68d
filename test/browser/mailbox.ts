import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { waitUntil } from '../wait.ts'
import { openStage, worlds } from './stage.ts'

const [world] = worlds

/** A stage whose service writes its mails into a folder. `codeTo` waits for the next code that is mailed to this address. */
export async function openStageWithMail(t: Test, settings: Record<string, string> = {}) {
  const folder = t.testdir()
  const stage = await openStage(t, world, {
    MAIL_URL: `file:${folder}`,
    MAIL_FROM: 'no-reply@example.com',
    ...settings
  })
  const used = new Set<string>()
  async function codeTo(address: string) {
    const find = () => {
      for (const file of readdirSync(folder).filter((name) => name.endsWith('.eml'))) {
        const mail = readFileSync(join(folder, file), 'utf8')
        const [code] =
          /\b[0-9A-Z]{4}-[0-9A-Z]{4}\b/.exec(
            mail
              .split(/\r?\n\r?\n/)
              .slice(1)
              .join('\n')
          ) ?? []
        if (code && !used.has(code) && mail.includes(`To: ${address}`)) return code
      }
      return undefined
    }
    await waitUntil(() => find() !== undefined, `a code is mailed to ${address}`)
    const code = find() ?? ''
    used.add(code)
    return code
  }
  return { stage, codeTo }
}
