// Runs before anything else, on any Node: an old one could not even read TypeScript, and would only say so in its own words.
const needed = require('../package.json').engines.node.replace('>=', '')
// Not by localeCompare, which loads the collation rules of ICU: 3 MB that nothing else needs.
const [major, minor] = needed.split('.').map(Number)
const [ourMajor, ourMinor] = process.versions.node.split('.').map(Number)
if (ourMajor < major || (ourMajor === major && ourMinor < minor)) {
  process.stderr.write(
    `This service needs Node ${needed} or newer, but this is Node ${process.versions.node}: install it from https://nodejs.org\n`
  )
  process.exit(1)
}
