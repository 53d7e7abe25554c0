// `pnpm check`: everything that can be checked without running the tests. Runs all of it and names what failed.
import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const folders = (parent) =>
  existsSync(`${root}${parent}`)
    ? readdirSync(`${root}${parent}`, { withFileTypes: true })
        .filter((entry) => entry.isDirectory() && existsSync(`${root}${parent}/${entry.name}/package.json`))
        .map((entry) => `${parent}/${entry.name}`)
    : []
const packages = folders('packages')
// A stranger's package has types of what it is installed with: tests/pack compiles it there.
const strangers = ['examples/plugin-encoder']
const typed = [...packages, ...folders('examples')]
  .filter((folder) => !strangers.includes(folder))
  .filter((folder) => existsSync(`${root}${folder}/tsconfig.json`))
const published = packages.filter((folder) => !JSON.parse(readFileSync(`${root}${folder}/package.json`, 'utf8')).private)

const checks = [
  ['format and lint', 'biome', ['ci', '--error-on-warnings', '--colors=off', '.']],
  ['import rules', 'depcruise', ['--config', '.dependency-cruiser.cjs', 'packages/*/src']],
  ...typed.map((folder) => [`types of ${folder}`, 'tsc', ['-p', folder]]),
  ['types of tests', 'tsc', ['-p', 'tests']],
  ['unused code', 'knip', []],
  ['documented examples', process.execPath, ['scripts/check-docs.mjs']],
  ['notes of change', process.execPath, ['scripts/check-changesets.mjs']],
  ...published.map((folder) => [`exports of ${folder}`, process.execPath, ['scripts/check-package.mjs', folder]]),
]

const only = process.argv.slice(2)
const run = ([name, command, args]) =>
  new Promise((resolve) => {
    const bin = command.includes('/') ? command : `${root}node_modules/.bin/${command}`
    const child = spawn(bin, args, { cwd: root, env: { ...process.env, NO_COLOR: '1' }, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
    child.on('error', (error) => resolve({ name, ok: false, output: String(error) }))
    child.on('close', (status) => resolve({ name, ok: status === 0, output }))
  })

const queue = checks.filter(([name]) => only.length === 0 || only.some((word) => name.includes(word)))
const failed = []
const worker = async () => {
  for (let check = queue.shift(); check; check = queue.shift()) {
    const { name, ok, output } = await run(check)
    process.stdout.write(`${ok ? 'ok    ' : 'FAILED'} ${name}\n`)
    if (!ok) {
      failed.push(name)
      process.stdout.write(`${output.trim().slice(-6000)}\n`)
    }
  }
}
await Promise.all([worker(), worker()])
if (failed.length > 0) {
  process.stdout.write(`\n${failed.length} of the checks failed: ${failed.join(', ')}\n`)
  process.exit(1)
}
