// `pnpm -s ms …`: the ms command of this repository; builds it first where it has not been built.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const bin = `${root}packages/cli/dist/bin.js`
if (!existsSync(bin)) {
  const built = spawnSync('pnpm', ['-s', 'build'], { cwd: root, stdio: ['ignore', 2, 2] })
  if (built.status !== 0) process.exit(built.status ?? 1)
}
await import(bin)
