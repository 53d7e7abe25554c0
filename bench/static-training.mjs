// One round of training a table of token embeddings: `node bench/static-training.mjs ROWS WIDTH TOKENS BATCH STEPS`, run by bench/run.mjs.
// In-batch negatives, two columns, token ids by Zipf's law; a step is one of `train()`, all that belongs to it included.
import { staticEmbedding } from '@ms/backbones'
import { seededRandom, vectors } from '@ms/core'
import { adam, finish, linear, multipleNegativesRanking, train } from '@ms/finetune'
import { createEagerEngine } from '@ms/runtime'
import { clock, report } from './round.mjs'

const [vocabulary, dim, tokens, batch, steps] = process.argv.slice(2).map(Number)
const random = seededRandom(1)
const draw = () => Math.min(vocabulary - 1, Math.floor(2.7 * (((vocabulary + 2.7) / 2.7) ** random.uniform() - 1)))
const text = () => Int32Array.from({ length: tokens }, draw)
const columns = [0, 1].map(() => Array.from({ length: batch * 10 }, text))
const data = Float32Array.from({ length: vocabulary * dim }, random.normal)
const encoder = tableEncoder(new Map([['embedding.weight', { shape: [vocabulary, dim], data }]]))
const engine = await createEagerEngine({ backend: 'wasm', threads: Number(process.env.MS_THREADS ?? 1) })
const settings = { epochs: steps / 10, batchSize: batch, learningRate: 0.01, optimizer: adam(), schedule: linear() }
const training = train({
  ...{ encoder, engine, settings },
  examples: { kind: 'pair', columns },
  loss: multipleNegativesRanking(),
  probe: [columns[0][0]],
})
const times = []
let lap = clock()
await finish(training, ({ type }) => {
  if (type === 'step') times.push(lap())
  lap = clock()
})
await engine.dispose()
// The first epoch warms up.
report({ stepMs: times.slice(10) })

/** Token ids in, the mean of their rows out. */
function tableEncoder(parameters) {
  const backbone = staticEmbedding.create({ vocab_size: vocabulary, hidden_size: dim })
  return {
    ...{ dim, parameters, lookups: backbone.lookups },
    processor: {
      prepare: (items) => items.map((ids) => ({ ids, cost: ids.length })),
      collate: (texts) => {
        const offsets = Int32Array.from({ length: texts.length + 1 }, (_, i) => i * tokens)
        const ids = new Int32Array(texts.length * tokens)
        for (const [i, text] of texts.entries()) ids.set(text.ids, i * tokens)
        return { ids: { shape: [ids.length], data: ids }, offsets: { shape: [offsets.length], data: offsets } }
      },
    },
    forward: (inputs, weights, mode) => backbone.forward(inputs, weights, mode).pooled,
    // Only the drift of the probe is measured with it, which is not timed.
    direct: ({ offsets }) => vectors(new Float32Array((offsets.data.length - 1) * dim), offsets.data.length - 1, dim),
    withParameters: tableEncoder,
  }
}
