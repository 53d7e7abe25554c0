// Packs one package as it would be published and looks at the tarball: publint and are-the-types-wrong must be clean.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = process.argv[2]
const temporary = mkdtempSync(join(tmpdir(), 'ms-pack-'))
const run = (command, args) => {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd: `${root}${folder}`,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1' },
  })
  if (status !== 0) console.log(`${command} ${args.join(' ')}\n${error ?? ''}${stdout}${stderr}`)
  return status === 0
}
try {
  const packed = run('pnpm', ['pack', '--pack-destination', temporary])
  const tarball = packed ? join(temporary, readdirSync(temporary)[0]) : ''
  const bin = (name) => `${root}node_modules/.bin/${name}`
  // ESM only, for Node >= 20.19 (which can require() it): the node10 and CJS columns do not apply.
  const ok =
    packed &&
    run(bin('publint'), ['run', '--strict', tarball]) &&
    run(bin('attw'), ['--profile', 'esm-only', tarball]) &&
    readFileSync(`${root}${folder}/README.md`, 'utf8').length > 0
  process.exitCode = ok ? 0 : 1
} finally {
  rmSync(temporary, { recursive: true, force: true })
}
