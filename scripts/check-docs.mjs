// Type-checks every ```ts block of the READMEs and docs, and every ```ts block in a TSDoc @example, against the packages' sources.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const out = `${root}packages/cli/.doc-examples`

function* blocks(file) {
  const text = readFileSync(`${root}${file}`, 'utf8')
  const isSource = file.endsWith('.ts')
  for (const match of text.matchAll(/^([ \t]*(?:\*[ \t]?)?)```ts\n([\s\S]*?)^[ \t]*(?:\*[ \t]?)?```/gm)) {
    const body = isSource ? match[2].replace(/^[ \t]*\*[ \t]?/gm, '') : match[2]
    const line = text.slice(0, match.index).split('\n').length + 1
    yield { file, line, body }
  }
}

const list = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '*.md', 'packages/*/src/*.ts'], { cwd: root, encoding: 'utf8' })
  .split('\n')
  .filter((file) => file && !file.startsWith('.changeset/') && !file.endsWith('.test.ts'))

rmSync(out, { recursive: true, force: true })
mkdirSync(out, { recursive: true })
const origin = []
for (const file of list) {
  for (const block of blocks(file)) {
    origin.push(block)
    writeFileSync(`${out}/example-${origin.length}.ts`, `${block.body}\nexport {}\n`)
  }
}
writeFileSync(
  `${out}/tsconfig.json`,
  JSON.stringify({
    extends: '../../../tsconfig.base.json',
    compilerOptions: { noUnusedLocals: false, noUnusedParameters: false },
    include: ['*.ts'],
  }),
)
const checked = spawnSync(`${root}node_modules/.bin/tsc`, ['-p', out, '--pretty', 'false'], { encoding: 'utf8', cwd: out })
rmSync(out, { recursive: true, force: true })
for (const line of checked.stdout.split('\n')) {
  const match = line.match(/^example-(\d+)\.ts\((\d+),\d+\): (.*)$/)
  const block = match && origin[Number(match[1]) - 1]
  if (line) console.log(block ? `${block.file}:${block.line + Number(match[2]) - 1}: ${match[3]}` : line)
}
console.log(`${origin.length} examples`)
process.exit(checked.status === 0 && origin.length > 0 ? 0 : 1)
