// Training a table of token embeddings beside PyTorch's SparseAdam: `MS_PYTHON=python node bench/static-training.mjs [--json]`,
// after `pnpm build`. In-batch negatives, batch 128 × 64 tokens × 256 dimensions, two columns, 30,522 rows, token ids by Zipf's
// law. CPU milliseconds a step (median), one thread; rounds of the two take turns. Without MS_PYTHON only ours runs.
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { staticEmbedding } from '@ms/backbones'
import { seededRandom, vectors } from '@ms/core'
import { adam, finish, linear, multipleNegativesRanking, train } from '@ms/finetune'
import { createEagerEngine } from '@ms/runtime'

const [vocabulary, dim, tokens, batch, steps] = [30_522, 256, 64, 128, 60]
const rounds = 5

if (process.argv.includes('--round')) {
  console.log(await round())
} else {
  const ours = []
  const peers = []
  for (let i = 0; i < rounds; i++) {
    ours.push(Number(execFileSync(process.execPath, [fileURLToPath(import.meta.url), '--round'], { encoding: 'utf8' })))
    if (!process.env.MS_PYTHON) continue
    const script = fileURLToPath(new URL('static_training.py', import.meta.url))
    const sizes = [vocabulary, dim, tokens, batch, steps].map(String)
    peers.push(
      Number(execFileSync(process.env.MS_PYTHON, [script, ...sizes], { encoding: 'utf8', env: { ...process.env, OMP_NUM_THREADS: '1' } })),
    )
  }
  const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1]
  const result = {
    stepMs: Number(median(ours).toFixed(1)),
    pairsPerSecond: Math.round((batch / median(ours)) * 1000),
    ...(peers.length > 0
      ? {
          torchStepMs: Number(median(peers).toFixed(1)),
          torchPairsPerSecond: Math.round((batch / median(peers)) * 1000),
          // Round by round: what else the machine does then slows both alike.
          ratio: Number(median(ours.map((ms, i) => peers[i] / ms)).toFixed(2)),
        }
      : {}),
  }
  console.log(process.argv.includes('--json') ? JSON.stringify(result) : result)
}

/** Median CPU milliseconds of a step of `train()`, all that belongs to it included. */
async function round() {
  const random = seededRandom(1)
  const draw = () => Math.min(vocabulary - 1, Math.floor(2.7 * (((vocabulary + 2.7) / 2.7) ** random.uniform() - 1)))
  const text = () => Int32Array.from({ length: tokens }, draw)
  const columns = [0, 1].map(() => Array.from({ length: batch * 10 }, text))
  const data = Float32Array.from({ length: vocabulary * dim }, random.normal)
  const encoder = tableEncoder(new Map([['embedding.weight', { shape: [vocabulary, dim], data }]]))
  const engine = await createEagerEngine({ backend: 'wasm', threads: 1 })
  const settings = { epochs: steps / 10, batchSize: batch, learningRate: 0.01, optimizer: adam(), schedule: linear() }
  const training = train({
    ...{ encoder, engine, settings },
    examples: { kind: 'pair', columns },
    loss: multipleNegativesRanking(),
    probe: [columns[0][0]],
  })
  const times = []
  const now = () => process.cpuUsage().user + process.cpuUsage().system
  let last = now()
  await finish(training, ({ type }) => {
    if (type === 'step') times.push((now() - last) / 1000)
    last = now()
  })
  await engine.dispose()
  return times.slice(10).sort((a, b) => a - b)[(times.length - 10) >> 1]
}

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
