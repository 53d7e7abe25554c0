// One round of training MiniLM: `node bench/minilm-training.mjs uniform|real[-dropout] MODEL DATA STEPS [BATCH]`, run by bench/run.mjs.
// `uniform`: pairs of 64 tokens each, Adam; `real`: pairs of the collection as they are, with the defaults of `ms train`;
// `-dropout`: with the dropout of the checkpoint.
import { resolve } from 'node:path'
import { readData, seededRandom } from '@ms/core'
import { directoryFiles } from '@ms/core/node'
import { openEncoder } from '@ms/embed/node'
import { adam, constant, defaultSettings, examplesFromRetrieval, finish, multipleNegativesRanking, train } from '@ms/finetune'
import { openEngine, openTracedEngine } from '@ms/runtime/node'
import { clock, report } from './round.mjs'

const [named, model, data, count, size = '32'] = process.argv.slice(2)
const [kind, dropping] = named.split('-')
const steps = Number(count)
const batchSize = Number(size)
const encoder = await openEncoder(resolve(model))
// BENCH_WORKER=1: in a thread of its own, to see what that costs and how long the event loop is held up then.
// BENCH_RESIDENT=1: with weights and state kept in the engine, as on a GPU. BENCH_BACKEND: another engine.
const { MS_THREADS, BENCH_WORKER, BENCH_RESIDENT, BENCH_BACKEND } = process.env
const threads = MS_THREADS ? Number(MS_THREADS) : undefined
const engine = BENCH_BACKEND
  ? await openEngine({ backend: BENCH_BACKEND, threads })
  : await openTracedEngine({ threads, worker: BENCH_WORKER === '1', resident: BENCH_RESIDENT === '1' })
const examples = kind === 'real' ? await realPairs() : uniformPairs()
const settings =
  kind === 'real'
    ? { ...defaultSettings(encoder, { columns: [Array(2000)] }), schedule: constant() }
    : { epochs: 1, batchSize, learningRate: 2e-5, optimizer: adam(), schedule: constant() }
const dropout = dropping ? { dropout: 'config' } : {}
const training = train({
  encoder: kind === 'real' ? encoder : sameLength(encoder),
  ...{ engine, examples, settings: { ...settings, ...dropout } },
  loss: multipleNegativesRanking(),
  probe: [examples.columns[0][0]],
})
const times = []
// How long the event loop is held up at most, once the graph is there.
let longestGapMs = 0
let ticked = performance.now()
const timer = setInterval(() => {
  if (times.length > 0) longestGapMs = Math.max(longestGapMs, performance.now() - ticked)
  ticked = performance.now()
}, 10)
const losses = []
let lap = clock()
await finish(training, (event) => {
  if (event.type === 'step') {
    times.push(lap())
    losses.push(event.loss)
  }
  lap = clock()
})
clearInterval(timer)
await engine.dispose()
// The first step records the graph and loads it.
report({ startMs: times[0], stepMs: times.slice(1), losses, longestGapMs: Math.round(longestGapMs) })

/** The first pairs of the train split in a seeded order. */
async function realPairs() {
  const all = examplesFromRetrieval(await readData(directoryFiles(data)))
  const order = seededRandom(7).shuffle(all.columns[0].map((_, i) => i))
  // No text twice, so that every batch is full.
  const used = new Set()
  const chosen = order.filter((i) => {
    const texts = all.columns.map((column) => column[i])
    if (texts.some((text) => used.has(text))) return false
    for (const text of texts) used.add(text)
    return true
  })
  return { kind: 'pair', columns: all.columns.map((column) => chosen.slice(0, steps * batchSize).map((i) => column[i])) }
}

function uniformPairs() {
  const texts = (column) => Array.from({ length: steps * batchSize }, (_, i) => `${column} ${i}`)
  return { kind: 'pair', columns: [texts('query'), texts('document')] }
}

/** The same network, for which every text is 64 random tokens. */
function sameLength(encoder) {
  const random = seededRandom(3)
  const prepare = (items) =>
    items.map(() => ({ ids: Int32Array.from({ length: 64 }, () => 1000 + random.integer(29_000)), cost: 64, promptTokens: 0 }))
  return {
    ...encoder,
    processor: { ...encoder.processor, prepare },
    withParameters: (parameters) => sameLength(encoder.withParameters(parameters)),
  }
}
