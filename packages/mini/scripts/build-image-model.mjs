// Makes models/ms-mini-image from EfficientNet-Lite0 and the drawings of image-sources.json.
//   node ../../scripts/fetch-test-models.mjs    fetches the network's ImageNet weights
//   node scripts/build-image-model.mjs [--weights FILE] [--out DIR] [--cache DIR] [--backend B] [--threads N]
// The same seed and drawings give the same batches; the weights depend on the engine's last digits. An interrupted run resumes from the cache.
// Prints a line an epoch. What is kept of the epochs, and the shrinkage of the head, dev emoji decide; test emoji are not read.
import { copyFileSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { saveEncoderDirectory } from '@ms/embed/node'
import {
  adamw,
  cosine,
  formatEpoch,
  ldaHead,
  noDecayOnBiasAndNorm,
  projectionHead,
  retrievalEvaluator,
  supervisedContrastive,
  train,
} from '@ms/finetune'
import { openRunDirectory } from '@ms/finetune/node'
import { openEngine } from '@ms/runtime/node'
import { gentle } from './image/augmentation.mjs'
import { devEmoji } from './image/dev-emoji.mjs'
import { drawnPictures } from './image/drawn-pictures.mjs'
import { features, frozen, pretrained } from './image/network.mjs'
import { four, inColour } from './image/sets.mjs'
import { chooseShrinkage } from './image/shrinkage.mjs'
import { openSources } from './open-sources.mjs'

const SEED = 20141112

const home = fileURLToPath(new URL('..', import.meta.url))
const models = join(process.env.MS_CACHE ?? join(home, '../../.cache'), 'models')
const { values: options } = parseArgs({
  options: {
    weights: { type: 'string', default: join(models, 'efficientnet-lite0', 'efficientnet-lite0-57934424.pth') },
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
const from = (sets) => learnt.filter(({ set }) => sets.includes(set))
const engine = await openEngine({ backend: options.backend, threads: Number(options.threads) })
const dev = devEmoji(pictures)
const measure = retrievalEvaluator({ data: dev, engine, metrics: ['ndcg@10', 'hit@1'], modalities: ['image'] })

async function report(name, encoder) {
  const { 'ndcg@10': ndcg, 'hit@1': hit } = await measure(encoder, { encoders: [encoder] })
  console.error(`${name}: dev nDCG@10 ${ndcg.toFixed(4)}, Hit@1 ${hit.toFixed(4)}`)
}

const labelled = (drawings) => ({
  kind: 'labelled',
  columns: [drawings.map(({ path }) => path)],
  labels: drawings.map(({ concept }) => concept),
  modalities: ['image'],
})

/** As it will be used, with a head in closed form behind it. */
const asUsed = (encoder) => ldaHead(encoder, { examples: labelled(from(four)), engine })

/** Trains on drawings behind a projection that is taken off again; keeps the epoch that searches best as it will be used. */
async function trained(encoder, { name, drawings, epochs, batchSize, temperature }) {
  console.error(`${name}: ${drawings.length} drawings of ${new Set(drawings.map(({ concept }) => concept)).size} things`)
  const folder = join(options.cache, `image-run-${name}`)
  const run = await openRunDirectory(folder, { resume: existsSync(join(folder, 'checkpoints')) })
  await run.record('running', { name, epochs })
  const head = projectionHead(encoder, { seed: SEED })
  const evaluate = async (projected, given) => {
    const used = await asUsed(head.remove(projected))
    return measure(used, { ...given, encoders: [used] })
  }
  const training = train({
    encoder: head.encoder,
    examples: labelled(drawings),
    loss: supervisedContrastive({ temperature, perClass: 2 }),
    augment: { prepared: gentle },
    settings: {
      epochs,
      batchSize,
      learningRate: 1e-3,
      optimizer: adamw({ weightDecay: 0.05 }),
      groups: [noDecayOnBiasAndNorm],
      schedule: cosine({ warmup: 0.1 }),
      freeze: frozen,
      batchNorm: 'batch',
      seed: SEED,
    },
    engine,
    evaluate,
    checkpoints: run.checkpoints,
    checkpointSteps: 100,
    resume: true,
  })
  try {
    for (let event = await training.next(); ; event = await training.next()) {
      if (event.done) {
        const tuned = head.remove(event.value.encoder)
        await report(`${name}, bare`, tuned)
        return tuned
      }
      const { value } = event
      await run.append(value)
      if (value.type === 'epoch') console.error(`${formatEpoch(value)}  ${value.seconds.toFixed(0)} s`)
    }
  } finally {
    await training.return()
    await run.close()
  }
}

const base = await pretrained(options.weights)
const coarse = await trained(base, { name: 'four-styles', drawings: from(four), epochs: 4, batchSize: 96, temperature: 0.1 })
const fine = await trained(coarse, { name: 'in-colour', drawings: from(inColour), epochs: 6, batchSize: 64, temperature: 0.08 })
const shrinkage = await chooseShrinkage(features(fine), { learnt, own: from(four), data: dev, engine, print: console.error })
const encoder = await ldaHead(fine, { examples: labelled(learnt), engine, shrinkage })
await report(`with the head of shrinkage ${shrinkage}`, encoder)
await engine.dispose()
await saveEncoderDirectory(encoder, options.out, { precision: 'int8', card: { name: 'ms-mini-image', license: 'cc-by-sa-4.0' } })
copyFileSync(join(home, 'IMAGE-THIRD-PARTY.md'), join(options.out, 'THIRD-PARTY.md'))
