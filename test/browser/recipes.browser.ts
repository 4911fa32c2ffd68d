import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { PASSWORD } from '../build.ts'
import { packClient, run } from '../client/package.ts'
import { press } from './person.ts'
import { openBrowser, openStage, worlds } from './stage.ts'

// The pages of docs/recipes.md, with the packed client, as a reader builds them: checked strictly, bundled, and used.

const [world] = worlds
const DOC = readFileSync(join(import.meta.dirname, '../../docs/recipes.md'), 'utf8')
const MAIN = {
  react: `import { StrictMode } from 'react'
    import { createRoot } from 'react-dom/client'
    import App from './App.tsx'
    createRoot(document.getElementById('app') as HTMLElement).render(<StrictMode><App /></StrictMode>)`,
  vue: `import { createApp } from 'vue'
    import App from './App.vue'
    createApp(App).mount('#app')`,
  svelte: `import { mount } from 'svelte'
    import App from './App.svelte'
    mount(App, { target: document.getElementById('app') as HTMLElement })`
}
type Recipe = { heading: string; main: [name: string, text?: string]; check: string[] }
const recipes: Recipe[] = [
  { heading: 'React', main: ['main.tsx', MAIN.react], check: ['tsc'] },
  { heading: 'Vue', main: ['main.ts', MAIN.vue], check: ['vue-tsc'] },
  {
    heading: 'Svelte',
    main: ['main.ts', MAIN.svelte],
    check: ['svelte-check', '--fail-on-warnings', '--output=human']
  },
  { heading: 'Without a framework', main: ['main.ts'], check: ['tsc'] }
]

/** The files that a section shows. The first line of each names it. */
function filesOf(heading: string) {
  const section = DOC.split(/^## /m).find((text) => text.startsWith(`${heading}\n`)) ?? ''
  const blocks = section.matchAll(/^```\w+\n(?:\/\/|<!--) (src\/\S+)(?: -->)?\n([\s\S]*?)^```/gm)
  return [...blocks].map(([, path = '', text = '']) => ({ path, text }))
}

const folder = mkdtempSync(join(tmpdir(), 'starter-recipes-'))
t.teardown(() => rmSync(folder, { recursive: true, force: true }))

t.before(async () => {
  cpSync(join(import.meta.dirname, 'recipes'), folder, { recursive: true })
  const words = ['--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts']
  await run(folder, 'npm', 'ci', ...words)
  await run(folder, 'npm', 'install', '--no-save', ...words, await packClient(folder))
})

for (const { heading, main, check } of recipes) {
  t.test(`the recipe "${heading}" builds, marks invalid fields, and signs in and out in all tabs`, async (t) => {
    const files = [...filesOf('The client and the forms'), ...filesOf(heading)]
    t.ok(files.length >= 3)
    const project = mkdtempSync(join(folder, 'page-'))
    mkdirSync(join(project, 'src'))
    const stage = await openStage(t, world, {}, (api) => {
      for (const { path, text } of files) writeFileSync(join(project, path), text.replace('http://localhost:3000', api))
      const [name, text] = main
      if (text) writeFileSync(join(project, 'src', name), text)
      for (const one of ['tsconfig.json', 'vite.config.js']) cpSync(join(folder, one), join(project, one))
      writeFileSync(
        join(project, 'index.html'),
        `<!doctype html><link rel="icon" href="data:,"><div id="app"></div><script type="module" src="/src/${name}"></script>`
      )
      return join(project, 'dist')
    })
    const [program = '', ...words] = check
    const bin = join(folder, 'node_modules/.bin')
    await run(project, join(bin, program), ...words)
    await run(project, join(bin, 'vite'), 'build')

    const { openTab } = await openBrowser(t)
    const [one, other] = [await openTab(stage.app), await openTab(stage.app)]
    const form = one.getByRole('form', { name: 'Sign up' })
    await form.waitFor()
    await form.getByLabel('Name', { exact: true }).fill('Ada Lovelace')
    await form.getByLabel('Email').fill('ada@example.com')
    await form.getByLabel('Username').fill('a')
    await form.getByLabel('Password').fill('short')
    await press(one, 'Sign up')
    await form.getByText('At least 3 characters').waitFor()
    await form.getByText('At least 8 characters').waitFor()
    t.equal(await form.locator('[aria-invalid=true]').count(), 2)
    t.not(await form.getByRole('alert').textContent(), '')

    await form.getByLabel('Username').fill('ada')
    await form.getByLabel('Password').fill(PASSWORD)
    await press(one, 'Sign up')
    for (const page of [one, other]) await page.getByRole('heading', { name: 'Hello, Ada Lovelace' }).waitFor()
    await press(other, 'Sign out')
    for (const page of [one, other]) await page.getByRole('form', { name: 'Sign in' }).waitFor()

    const signIn = other.getByRole('form', { name: 'Sign in' })
    await signIn.getByLabel('Username or email').fill('ada')
    await signIn.getByLabel('Password').fill('wrong')
    await press(other, 'Sign in')
    await signIn.getByText('Wrong username or password').waitFor()
    await signIn.getByLabel('Password').fill(PASSWORD)
    await press(other, 'Sign in')
    for (const page of [one, other]) await page.getByRole('heading', { name: 'Hello, Ada Lovelace' }).waitFor()
  })
}
