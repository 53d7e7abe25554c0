// Ours beside peers: `pnpm bench [KIND …] [--rounds N] [--threads N]`. Without kinds, all but those for a GPU. With one thread CPU milliseconds (user +
// system), with more the milliseconds on the clock; a process a round, ours and the peers in turn, medians; ratios are taken round by
// round and their median told. Writes results/DATE-KIND.json (DATE-KIND-Nt.json) and the tables of docs/performance.md. Peers run where
// MS_PYTHON names a Python that has them (scripts/python-env.sh). MS_MODEL and MS_DATA name all-MiniLM-L6-v2 and the help collection, else those in .cache.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { byNameOnly, kinds, scripts } from './kinds.mjs'
import { writeTables } from './tables.mjs'
import { keepTexts, mixedTexts, uniformTexts } from './texts.mjs'

const folder = fileURLToPath(new URL('.', import.meta.url))
const cache = join(folder, '../.cache')
const model = process.env.MS_MODEL ?? join(cache, 'models/all-MiniLM-L6-v2')
const data = process.env.MS_DATA ?? join(cache, 'data/lohelp-en')
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string', default: '5' }, threads: { type: 'string', default: '1' }, help: { type: 'boolean' } },
})
if (values.help) {
  console.log(`pnpm bench [KIND …] [--rounds N] [--threads N]

At any number of threads, in so many rounds: ${Object.keys(kinds).join(', ')}
At one thread, in rounds of their own: ${Object.keys(scripts).join(', ')}
By name only: ${byNameOnly.join(', ')}`)
  process.exit()
}
const [rounds, threads] = ['rounds', 'threads'].map((name) => {
  if (/^[1-9]\d*$/.test(values[name])) return Number(values[name])
  console.error(`--${name} is "${values[name]}": give a whole number from 1`)
  return process.exit(2)
})
// What compares on its own does so at one thread.
const all = [...Object.keys(kinds), ...(threads === 1 ? Object.keys(scripts) : [])]
const unknown = positionals.filter((kind) => !all.includes(kind))
if (unknown.length > 0) {
  const where = threads === 1 ? '' : ` at ${threads} threads`
  console.error(`there is no ${unknown.join(', ')}${where}; there are ${all.join(', ')}`)
  process.exit(2)
}

const texts = {
  16: () => uniformTexts(model, 16, 600),
  64: () => uniformTexts(model, 64, 200),
  256: () => uniformTexts(model, 256, 60),
  mixed: () => mixedTexts(data, 600),
  'mixed-2.5k': () => mixedTexts(data, 2500),
  'mixed-5k': () => mixedTexts(data, 5000),
  'mixed-10k': () => mixedTexts(data, 10_000),
}
const env = {
  ...process.env,
  MS_THREADS: values.threads,
  MS_CLOCK: threads === 1 ? 'cpu' : 'wall',
  OMP_NUM_THREADS: values.threads,
  MKL_NUM_THREADS: values.threads,
  TOKENIZERS_PARALLELISM: 'false',
}

for (const kind of positionals.length > 0 ? positionals : all.filter((each) => !byNameOnly.includes(each))) {
  const needed = JSON.stringify(kinds[kind] ?? scripts[kind])
  const missing = [needed.includes('MODEL') && model, /DATA|mixed/.test(needed) && data].filter((path) => path && !existsSync(path))
  if (missing.length > 0) {
    console.error(`${kind}: left out, there is no ${missing.join(' and no ')}`)
    continue
  }
  const result = kinds[kind] ? compare(kinds[kind]) : JSON.parse(run({ program: 'node', words: [...scripts[kind], '--json'] }))
  const date = new Date().toISOString().slice(0, 10)
  const command = `pnpm bench ${kind}${kinds[kind] ? ` --rounds ${rounds}` : ''}${threads === 1 ? '' : ` --threads ${threads}`}`
  const about = { kind, threads, date, cpu: cpus()[0]?.model.trim(), node: process.version, command }
  mkdirSync(join(folder, 'results'), { recursive: true })
  writeFileSync(
    join(folder, 'results', `${date}-${kind}${threads === 1 ? '' : `-${threads}t`}.json`),
    `${JSON.stringify({ ...about, result }, null, 2)}\n`,
  )
  console.log(kind, JSON.stringify(result))
}
writeTables(folder)

function compare({ title, figure, ours, peers }) {
  const sides = { ours, ...(process.env.MS_PYTHON ? peers : {}) }
  const seen = Object.fromEntries(Object.keys(sides).map((side) => [side, []]))
  for (let i = 0; i < rounds; i++) {
    for (const [side, command] of Object.entries(sides)) {
      const { peakMb, longestGapMs, [figure]: value } = JSON.parse(run(command).trim().split('\n').at(-1))
      seen[side].push({ ms: Array.isArray(value) ? median(value) : value, peakMb, longestGapMs })
    }
  }
  const figures = Object.entries(seen).map(([side, all]) => {
    const ratio = (key) => Number(median(all.map((one, i) => seen.ours[i][key] / one[key])).toFixed(2))
    const own = { ms: Number(median(all.map(({ ms }) => ms)).toFixed(1)), peakMb: median(all.map(({ peakMb }) => peakMb)) }
    return [side, side === 'ours' ? own : { ...own, timeRatio: ratio('ms'), memoryRatio: ratio('peakMb') }]
  })
  const gaps = seen.ours.flatMap(({ longestGapMs = [] }) => longestGapMs)
  return { title, figure, rounds, ...Object.fromEntries(figures), ...(gaps.length > 0 ? { longestGapMs: Math.max(...gaps) } : {}) }
}

/** @returns what it prints */
function run({ program, words }) {
  const places = words.map((word) => {
    if (word === 'MODEL') return model
    if (word === 'DATA') return data
    return word.startsWith('TEXTS:') ? keepTexts(join(cache, 'bench'), word.slice(6), texts[word.slice(6)]()) : word
  })
  const executable = program === 'python' ? process.env.MS_PYTHON : process.execPath
  return execFileSync(executable, [join(folder, places[0]), ...places.slice(1)], {
    encoding: 'utf8',
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

function median(values) {
  return values.toSorted((a, b) => a - b)[values.length >> 1]
}
