// Training MiniLM on a GPU, beside PyTorch on the same one: `MS_PYTHON=python node bench/gpu-training.mjs MODEL [--json] [--steps N]
// [--batch N]`, after `pnpm build`. Milliseconds on the clock of a step of 32 pairs × 64 tokens with Adam in float32 (the first steps, which record and load, are left
// out), a process an engine, in turn; and how far its losses are from those of the processor. What does not work here is named with its reason.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const engines = ['webgpu-traced', 'webgpu-eager', 'native-gpu']
const rounds = 3
/** Steps of a round that are not counted. */
const warmUp = 3

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean' }, steps: { type: 'string', default: '20' }, batch: { type: 'string', default: '32' } },
})
const [model] = positionals
const place = (name) => fileURLToPath(new URL(name, import.meta.url))
const words = ['uniform', model, '-', String(Number(values.steps) + warmUp), values.batch]

const sides = {
  ...Object.fromEntries(engines.map((engine) => [engine, [process.execPath, 'minilm-training.mjs', { BENCH_BACKEND: engine }]])),
  ...(process.env.MS_PYTHON ? { PyTorch: [process.env.MS_PYTHON, 'minilm_training.py', { BENCH_DEVICE: 'cuda' }] } : {}),
}
const processor = round([process.execPath, 'minilm-training.mjs', {}])
const seen = Object.fromEntries(Object.keys(sides).map((side) => [side, []]))
for (let i = 0; i < rounds; i++) {
  // What has failed once fails again.
  for (const [side, command] of Object.entries(sides)) if (!seen[side].some(({ why }) => why)) seen[side].push(round(command))
}
const result = { device: device(), 'traced, on the processor': processor.why ? { why: processor.why } : { ms: processor.ms } }
for (const [side, all] of Object.entries(seen)) result[side] = told(side, all)
console.log(values.json ? JSON.stringify(result) : result)

function told(side, all) {
  const failed = all.find(({ why }) => why)
  if (failed) return { why: failed.why }
  const ms = median(all.map((one) => one.ms))
  const ratios = all.flatMap((one, i) => (seen.PyTorch?.[i]?.ms ? [one.ms / seen.PyTorch[i].ms] : []))
  return {
    ms: Number(ms.toFixed(1)),
    peakMb: median(all.map(({ peakMb }) => peakMb)),
    ...(side === 'PyTorch' || !processor.losses ? {} : { farthestLoss: farthest(all[0].losses, processor.losses) }),
    ...(side === 'PyTorch' || ratios.length === 0 ? {} : { toPyTorch: Number(median(ratios).toFixed(2)) }),
  }
}

/** One process: the median of its steps, its losses, its largest memory; or why there are none. */
function round([program, script, env]) {
  const { status, signal, stdout, stderr } = spawnSync(program, [place(script), ...words], {
    encoding: 'utf8',
    env: { ...process.env, MS_CLOCK: 'wall', ...env },
  })
  if (status !== 0) {
    const lines = stderr.trim().split('\n')
    // `MsError: what`, after the line of source that both print.
    return { why: lines.find((line) => /^\w*Error\b.*: /.test(line)) ?? (lines.at(-1) || `ended by ${signal}`) }
  }
  const { stepMs, losses, peakMb } = JSON.parse(stdout.trim().split('\n').at(-1))
  return { ms: median(stepMs.slice(warmUp - 1)), losses, peakMb }
}

/** As the driver calls it, where it is NVIDIA's. */
function device() {
  const { status, stdout } = spawnSync('nvidia-smi', ['--query-gpu=name,driver_version', '--format=csv,noheader'], { encoding: 'utf8' })
  return status === 0 ? stdout.trim().split('\n')[0] : null
}

function farthest(a, b) {
  return Math.max(...a.map((loss, i) => Math.abs(loss - b[i])))
}

function median(all) {
  return all.toSorted((a, b) => a - b)[all.length >> 1]
}
