// From the command to the first vector of one sentence, the whole process: `node bench/start.mjs MODEL_DIR [--runs N] [--json]`, after
// `pnpm build`. Medians of N processes (default 9) for ms-mini-text, the model as a plain directory and the same exported in eight bits,
// which take turns. `first`: with an empty cache folder; `later`: what every following process takes. CPU seconds (user + system) count;
// wall seconds say more about what else the machine does.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { exportOnnxDirectory, openEncoder } from '@ms/embed/node'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { runs: { type: 'string', default: '9' }, json: { type: 'boolean' } },
})
const bin = fileURLToPath(new URL('../packages/cli/dist/bin.js', import.meta.url))
const median = (numbers) => Number(numbers.toSorted((a, b) => a - b)[numbers.length >> 1].toFixed(3))

const folder = mkdtempSync(join(tmpdir(), 'ms-start-'))
try {
  const [model] = positionals
  await exportOnnxDirectory(await openEncoder(model), join(folder, 'int8'), { quantize: 'int8' })
  writeFileSync(join(folder, 'one.txt'), 'how do I start on a new page\n')
  const models = { 'ms-mini-text': 'ms-mini-text', 'MiniLM, plain directory': model, 'MiniLM, exported int8': join(folder, 'int8') }
  const seen = Object.fromEntries(Object.keys(models).map((name) => [name, { first: [], later: [] }]))
  for (let i = 0; i < Number(values.runs); i++) {
    for (const [name, each] of Object.entries(models)) {
      const cache = join(folder, `cache-${i}-${name}`)
      seen[name].first.push(encode(each, cache))
      seen[name].later.push(encode(each, cache))
      rmSync(cache, { recursive: true, force: true })
    }
  }
  const summary = (runs) => ({ cpuSeconds: median(runs.map(({ cpu }) => cpu)), wallSeconds: median(runs.map(({ wall }) => wall)) })
  const result = Object.fromEntries(
    Object.entries(seen).map(([name, { first, later }]) => [name, { first: summary(first), later: summary(later) }]),
  )
  console.log(values.json ? JSON.stringify(result) : result)
} finally {
  rmSync(folder, { recursive: true, force: true })
}

function encode(model, cache) {
  const words = ['encode', '--model', model, '--input', join(folder, 'one.txt'), '--output', join(folder, 'one.npy')]
  const { status, stderr } = spawnSync('bash', ['-c', 'time "$@"', 'bash', process.execPath, bin, ...words], {
    encoding: 'utf8',
    env: { ...process.env, MS_CACHE: cache, TIMEFORMAT: 'TIME %R %U %S' },
  })
  if (status !== 0) throw new Error(stderr)
  const [, wall, user, system] = stderr.match(/TIME ([\d.]+) ([\d.]+) ([\d.]+)/)
  return { wall: Number(wall), cpu: Number(user) + Number(system) }
}
