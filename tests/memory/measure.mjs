// `node --expose-gc measure.mjs train|encode BACKEND MODEL STEPS SPACING`: does STEPS steps with a tiny model and prints what the process held after
// every SPACING of them, as JSON. It runs by itself, on the built packages: beside a test runner, the memory is not ours alone.
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { memoryFiles, seededRandom } from '../../packages/core/dist/index.js'
import { createEmbedder, loadEncoder } from '../../packages/embed/dist/index.js'
import { adamw, finish, linear, multipleNegativesRanking, train } from '../../packages/finetune/dist/index.js'
import { openEngine } from '../../packages/runtime/dist/node/index.js'

const [job, backend, model, ...counts] = process.argv.slice(2)
const [steps, spacing] = counts.map(Number)
const batch = 4

/** One of the models that @ms/embed is tested with. */
async function tinyModel() {
  const { blobs, cases } = JSON.parse(await readFile(new URL('../../packages/embed/golden/tiny-encoders.json', import.meta.url), 'utf8'))
  const { files } = cases.find(({ name }) => name === model)
  const bytes = ([file, id]) => [file, typeof blobs[id] === 'string' ? blobs[id] : Buffer.from(blobs[id].base64, 'base64')]
  return loadEncoder(memoryFiles(Object.fromEntries(Object.entries(files).map(bytes))))
}

// Lengths differ from batch to batch, as in life: an engine that keeps something for each shape is found out.
const random = seededRandom(5)
const words = 'the query hello search text a one 2 three end of longer'.split(' ')
const text = (i) => `${Array.from({ length: 1 + random.integer(10) }, () => words[random.integer(words.length)]).join(' ')} ${i}`

const engine = await openEngine({ backend, threads: 1 })
const encoder = await tinyModel()
const samples = []
const sample = (step) => {
  if (step % spacing !== 0) return
  globalThis.gc()
  samples.push({ step, tensors: engine.memory().tensors, held: heldBytes() })
}

/** Bytes of the process in memory, without the pages of files (libraries) where the system tells: those come and go as other processes need room. */
function heldBytes() {
  if (process.platform !== 'linux') return process.memoryUsage.rss()
  const [, kilobytes] = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))
  return Number(kilobytes) * 1024
}

if (job === 'train') {
  const items = Array.from({ length: 160 }, (_, i) => text(i))
  await finish(
    train({
      encoder,
      examples: { kind: 'pair', columns: [items, items.map((item) => `${item} ${item}`)] },
      loss: multipleNegativesRanking(),
      engine,
      settings: {
        epochs: Math.ceil((steps * batch) / items.length),
        batchSize: batch,
        maxSteps: steps,
        learningRate: 1e-3,
        optimizer: adamw(),
        schedule: linear(),
      },
    }),
    (event) => {
      if (event.type === 'step') sample(event.step)
    },
  )
} else {
  const embedder = await createEmbedder(encoder, { engine })
  for (let step = 1; step <= steps; step++) {
    await embedder.embed(Array.from({ length: batch }, (_, i) => text(step * batch + i)))
    sample(step)
  }
  await embedder.dispose()
}
await engine.dispose()
console.log(JSON.stringify(samples))
