// Every published package that has never been released needs a changeset that names it.
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const notes = readdirSync(`${root}.changeset`)
  .filter((name) => name.endsWith('.md') && name !== 'README.md')
  .map((name) => readFileSync(`${root}.changeset/${name}`, 'utf8'))
let missing = 0
for (const folder of readdirSync(`${root}packages`)) {
  const manifest = JSON.parse(readFileSync(`${root}packages/${folder}/package.json`, 'utf8'))
  if (manifest.private || manifest.version !== '0.0.0') continue
  if (!notes.some((note) => note.split('---')[1]?.includes(`'${manifest.name}'`))) {
    console.log(`${manifest.name} has no changeset: run pnpm changeset`)
    missing++
  }
}
process.exit(missing > 0 ? 1 : 0)
