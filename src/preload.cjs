// Runs before anything else, on any Node: an old one could not even read TypeScript, and would only say so in its own words.
const { enableCompileCache } = require('node:module')
const { join } = require('node:path')
const needed = require('../package.json').engines.node.replace('>=', '')
const isOld = needed.localeCompare(process.versions.node, 'en', { numeric: true }) > 0
if (isOld) {
  process.stderr.write(
    `This service needs Node ${needed} or newer, but this is Node ${process.versions.node}: install it from https://nodejs.org\n`
  )
  process.exit(1)
}
// Keeps compiled code for the next start, if this folder can be written. Another folder might belong to another user.
enableCompileCache(join(__dirname, '../node_modules/.cache/compile'))
