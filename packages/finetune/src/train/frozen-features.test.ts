import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Examples } from '@ms/core'
import type { Engine } from '@ms/core/tensor'
import { createEagerEngine } from '@ms/runtime'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Pixels, toyPictureEncoder, toyPictures } from '../fixtures/toy-picture-encoder.js'
import { softmaxClassifier } from '../losses/softmax-classifier.js'
import { supervisedContrastive } from '../losses/supervised-contrastive.js'
import { featureDirectory } from '../node/feature-directory.js'
import { sgd } from '../optimizers/sgd.js'
import { constant } from '../schedules/schedule.js'
import { finish, train } from './train.js'
import type { TrainOptions } from './train-options.js'

const { pictures, labels } = toyPictures(32)
const examples: Examples<Uint8Array> = { kind: 'labelled', columns: [pictures], labels }
const body = ['conv.*', 'norm.*']

let engine: Engine
let folder: string
beforeAll(async () => {
  engine = await createEagerEngine({ backend: 'cpu' })
  folder = await mkdtemp(join(tmpdir(), 'ms-features-'))
})
afterAll(async () => {
  await engine.dispose()
  await rm(folder, { recursive: true, force: true })
})

/** Counts how often pixels are put together for the network. */
function counting(cuts = true) {
  let pixels = 0
  const count = (encoder: ReturnType<typeof toyPictureEncoder>): typeof encoder => ({
    ...encoder,
    processor: {
      ...encoder.processor,
      collate: (batch) => {
        pixels += batch.length
        return encoder.processor.collate(batch)
      },
    },
    withParameters: (parameters) => count(encoder.withParameters(parameters)),
    cut: (frozen) => {
      const cut = cuts ? encoder.cut?.(frozen) : undefined
      return cut && { ...cut, body: count(cut.body as typeof encoder) }
    },
  })
  return { encoder: count(toyPictureEncoder()), pixels: () => pixels }
}

const run = async (changes: Partial<TrainOptions<Uint8Array, Pixels>>) => {
  const losses: number[] = []
  const result = await finish(
    train({
      encoder: toyPictureEncoder(),
      examples,
      loss: supervisedContrastive({ perClass: 2 }),
      engine,
      settings: { epochs: 4, batchSize: 8, learningRate: 0.1, optimizer: sgd({ momentum: 0.9 }), schedule: constant(), freeze: body },
      ...changes,
    }),
    (event) => void (event.type === 'step' && losses.push(event.loss)),
  )
  return { result, losses }
}

describe('frozen weights', () => {
  it('are run once an item, with the same losses and the whole encoder in the end', async () => {
    const [cut, whole] = [counting(), counting(false)]
    const [once, each] = [await run({ encoder: cut.encoder }), await run({ encoder: whole.encoder })]
    once.losses.forEach((loss, i) => {
      expect(loss).toBeCloseTo(each.losses[i], 5)
    })
    expect(cut.pixels()).toBe(pictures.length)
    expect(whole.pixels()).toBeGreaterThan(4 * pictures.length)
    expect([...once.result.parameters.keys()]).toEqual([...toyPictureEncoder().parameters.keys()])
    for (const [name, { data }] of once.result.parameters) {
      for (const [i, value] of data.entries()) expect(value, name).toBeCloseTo(each.result.parameters.get(name)!.data[i], 5)
    }
  })

  it('are run not at all where a folder keeps what they made, and a damaged file there is passed over', async () => {
    const first = await run({ features: featureDirectory(folder) })
    const again = counting()
    expect((await run({ encoder: again.encoder, features: featureDirectory(folder) })).losses).toEqual(first.losses)
    expect(again.pixels()).toBe(0)
    const [space] = await readdir(folder)
    const [file] = await readdir(join(folder, space))
    await writeFile(join(folder, space, file), 'broken')
    const mended = counting()
    expect((await run({ encoder: mended.encoder, features: featureDirectory(folder) })).losses).toEqual(first.losses)
    expect(mended.pixels()).toBe(pictures.length)
  })

  it('are run at each step where items are varied, by numbers that a seed decides', async () => {
    const varied = counting()
    const brighten = {
      prepared: (item: Pixels, random: { uniform(): number }) => ({
        ...item,
        values: item.values.map((value) => Math.min(255, value + 40 * random.uniform())),
      }),
    }
    const one = await run({ encoder: varied.encoder, augment: brighten })
    expect(varied.pixels()).toBeGreaterThan(4 * pictures.length)
    expect((await run({ augment: brighten })).losses).toEqual(one.losses)
    expect((await run({})).losses).not.toEqual(one.losses)
  })

  it('leave the loss’s classifier to be trained where all of the encoder is frozen: the loss falls and the encoder does not move', async () => {
    const encoder = counting()
    const loss = softmaxClassifier({ labels, dim: 6 })
    const ends: number[] = []
    const settings = {
      epochs: 30,
      batchSize: 8,
      learningRate: 0.01,
      optimizer: sgd({ momentum: 0.9 }),
      schedule: constant(),
      freeze: ['conv*', 'norm*', 'dense*'],
    }
    const training = train({ encoder: encoder.encoder, examples, loss, engine, settings })
    const losses: number[] = []
    const result = await finish(training, (event) => {
      if (event.type === 'epoch') losses.push(event.loss)
      if (event.type === 'end') ends.push(event.lossDiff ?? -1)
    })
    expect(losses.at(-1)).toBeLessThan(losses[0] * 0.6)
    expect(ends).toEqual([0])
    expect(encoder.pixels()).toBe(pictures.length)
    expect(result.parameters).toEqual(toyPictureEncoder().parameters)
    expect(result.lossParameters.get('classifier.weight')?.data).not.toEqual(loss.parameters?.get('classifier.weight')?.data)
  })

  it('give back what they hold of the engine', async () => {
    await run({})
    expect(engine.memory().tensors).toBe(0)
  })
})
