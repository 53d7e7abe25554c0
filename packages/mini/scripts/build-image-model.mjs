// Makes models/ms-mini-image from the drawings of image-sources.json.
//   node scripts/build-image-model.mjs [--out DIR] [--cache DIR] [--backend B] [--threads N]
// The same seed and drawings give the same batches; the weights depend on the engine's last digits. An interrupted run resumes from the cache.
// Prints a line an epoch, with nDCG@10 on the dev emoji.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { saveEncoderDirectory } from '@ms/embed/node'
import { adamw, cosine, formatEpoch, noDecayOnBiasAndNorm, retrievalEvaluator, supervisedContrastive, train } from '@ms/finetune'
import { openRunDirectory } from '@ms/finetune/node'
import { openEngine } from '@ms/runtime/node'
import { gentle, strong } from './image/augmentation.mjs'
import { devEmoji } from './image/dev-emoji.mjs'
import { drawnPictures } from './image/drawn-pictures.mjs'
import { newEncoder, withHead, withoutHead } from './image/network.mjs'
import { inColour } from './image/sets.mjs'
import { openSources } from './open-sources.mjs'

const SEED = 20141112

const home = fileURLToPath(new URL('..', import.meta.url))
const { values: options } = parseArgs({
  options: {
    out: { type: 'string', default: join(home, 'models', 'ms-mini-image') },
    cache: { type: 'string', default: join(home, '.cache') },
    backend: { type: 'string', default: 'auto' },
    threads: { type: 'string', default: '2' },
  },
})

const pictures = await drawnPictures(
  openSources(join(options.cache, 'image-sources'), 'image-sources.json'),
  join(options.cache, 'drawings'),
)
const learnt = pictures.filter(({ part }) => part === 'train')
const engine = await openEngine({ backend: options.backend, threads: Number(options.threads) })
const measure = retrievalEvaluator({ data: devEmoji(pictures), engine, metrics: ['ndcg@10', 'hit@1'], modalities: ['image'] })

/** Trains on drawings, to the end of the schedule or until an epoch is over. */
async function trained(encoder, { name, drawings, epochs, until = epochs, batchSize = 256, learningRate, augmentation }) {
  console.error(`${name}: ${drawings.length} drawings of ${new Set(drawings.map(({ concept }) => concept)).size} things`)
  const folder = join(options.cache, `image-run-${name}`)
  const run = await openRunDirectory(folder, { resume: existsSync(join(folder, 'checkpoints')) })
  await run.record('running', { name, until, epochs })
  const saved = await run.checkpoints.load()
  if (saved && until < epochs && saved.epoch >= until) {
    await run.close()
    return encoder.withParameters(saved.parameters)
  }
  const training = train({
    encoder,
    examples: {
      kind: 'labelled',
      columns: [drawings.map(({ path }) => path)],
      labels: drawings.map(({ concept }) => concept),
      modalities: ['image'],
    },
    loss: supervisedContrastive({ temperature: 1 / 12, perClass: 2 }),
    augment: { prepared: augmentation },
    settings: {
      epochs,
      batchSize,
      learningRate,
      optimizer: adamw({ weightDecay: 0.05 }),
      groups: [noDecayOnBiasAndNorm],
      schedule: cosine({ warmup: 0.05 }),
      batchNorm: 'batch',
      seed: SEED,
    },
    engine,
    // What is searched with is what the network makes, without the head.
    evaluate: (now, rest) => measure(withoutHead(now), rest),
    checkpoints: run.checkpoints,
    resume: true,
  })
  try {
    for (let [event, over] = [await training.next(), false]; ; event = await training.next()) {
      if (event.done) return event.value.encoder
      const { value } = event
      await run.append(value)
      if (value.type === 'epoch') console.error(`${formatEpoch(value)}  ${value.seconds.toFixed(0)} s`)
      over ||= value.type === 'epoch' && value.epoch === until && until < epochs
      if (over && value.type === 'checkpoint') return encoder.withParameters((await run.checkpoints.load()).parameters)
    }
  } finally {
    await training.return()
    await run.close()
  }
}

const emoji = learnt.filter(({ set }) => inColour.includes(set))

// First from everything, at a high rate; then from what most resembles what will be searched, in large batches and in small ones.
const broad = await trained(withHead(newEncoder(SEED), SEED), {
  name: 'broad',
  drawings: learnt,
  epochs: 25,
  until: 15,
  learningRate: 2e-3,
  augmentation: strong,
})
const close = await trained(broad, { name: 'emoji', drawings: emoji, epochs: 16, learningRate: 1e-3, augmentation: gentle })
const encoder = await trained(close, {
  name: 'emoji-small-batches',
  drawings: emoji,
  epochs: 28,
  batchSize: 96,
  learningRate: 1.5e-3,
  augmentation: gentle,
})
await engine.dispose()
await saveEncoderDirectory(withoutHead(encoder), options.out)
