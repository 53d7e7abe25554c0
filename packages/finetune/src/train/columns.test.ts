import type { Examples } from '@ms/core'
import type { Encoder, Engine } from '@ms/core/tensor'
import { encoderSpace } from '@ms/embed'
import { createEagerEngine } from '@ms/runtime'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { toyEncoder, toyLoss } from '../fixtures/toy-encoder.js'
import { momentum, toyPictureEncoder, toyPictures } from '../fixtures/toy-picture-encoder.js'
import { multipleNegativesRanking } from '../losses/multiple-negatives-ranking.js'
import { adam } from '../optimizers/adam.js'
import { linear } from '../schedules/schedule.js'
import type { Checkpoint, CheckpointStore } from './checkpoint.js'
import type { Evaluator } from './retrieval-evaluator.js'
import { finish, train } from './train.js'
import type { TrainEvent } from './train-event.js'
import type { TrainSettings } from './train-options.js'

type Item = string | Uint8Array
const { pictures, labels } = toyPictures(24)
/** A word finds the picture of its kind. */
const words: Examples<Item> = { kind: 'pair', columns: [labels, pictures] }

let engine: Engine
beforeAll(async () => {
  engine = await createEagerEngine({ backend: 'cpu' })
})
afterAll(() => engine.dispose())

const standard: TrainSettings = { epochs: 3, batchSize: 4, learningRate: 0.05, optimizer: adam(), schedule: linear() }

interface Changes {
  settings?: Partial<TrainSettings>
  encoder?: readonly Encoder<Item>[]
  examples?: Examples<Item>
  checkpoints?: CheckpointStore
  evaluate?: Evaluator<Item>
  resume?: boolean
}

async function run({ settings, encoder = [toyEncoder(), toyPictureEncoder()], examples = words, ...rest }: Changes = {}) {
  const events: TrainEvent[] = []
  const training = train({
    encoder,
    examples,
    loss: multipleNegativesRanking({ scale: 10 }),
    engine,
    settings: { ...standard, ...settings },
    checkpointSteps: 1,
    ...rest,
  })
  const result = await finish(training, (event) => void events.push(event))
  return { result, events, losses: events.flatMap((event) => (event.type === 'step' ? [event.loss] : [])) }
}

function memoryStore(): CheckpointStore & { all: Checkpoint[] } {
  const all: Checkpoint[] = []
  return { all, save: async (checkpoint) => void all.push(structuredClone(checkpoint)), load: async () => all.at(-1) }
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
const changed = (before: Encoder<Item>, after: Encoder<Item>) =>
  [...before.parameters.keys()].filter((name) => String(before.parameters.get(name)?.data) !== String(after.parameters.get(name)?.data))

describe('a training with an encoder a column', () => {
  it('trains both into one space, each with weights of its own', async () => {
    const { result, losses } = await run({ settings: { epochs: 40 } })
    expect(mean(losses.slice(-6))).toBeLessThan(mean(losses.slice(0, 6)) * 0.4)
    const [text, picture] = result.encoders
    expect(changed(toyEncoder(), text)).toEqual(['table', 'turn', 'bias'])
    expect(changed(toyPictureEncoder(), picture)).toEqual(['conv.weight', 'norm.weight', 'dense.weight', 'dense.bias'])
    expect(result.encoder).toBe(text)
  })

  it('freezes one of them by its column’s name', async () => {
    const { result } = await run({ settings: { freeze: ['anchor/*'] } })
    expect(changed(toyEncoder(), result.encoders[0])).toEqual([])
    expect(changed(toyPictureEncoder(), result.encoders[1])).toContain('conv.weight')
  })

  it('keeps weights of one name in two encoders apart', async () => {
    // Two encoders of the same kind share no weight; the same one twice shares all.
    const examples: Examples<Item> = { kind: 'pair', columns: [labels, labels.map((label) => label.toUpperCase())] }
    const apart = await run({ encoder: [toyEncoder(), toyEncoder()], examples })
    expect(apart.result.encoders).toHaveLength(2)
    expect(apart.result.encoders[0].parameters.get('turn')?.data).not.toEqual(apart.result.encoders[1].parameters.get('turn')?.data)
    const one = toyEncoder()
    const shared = await run({ encoder: [one, one], examples })
    expect(shared.result.encoders).toHaveLength(1)
    const alone = await finish(
      train({ encoder: toyEncoder(), examples, loss: multipleNegativesRanking({ scale: 10 }), engine, settings: standard }),
    )
    expect(shared.result.encoder.parameters).toEqual(alone.parameters)
  })

  it('encodes the columns that are left with the last encoder', async () => {
    const negatives = pictures.map((_, i) => pictures[(i + 1) % pictures.length])
    const { losses } = await run({ examples: { kind: 'triplet', columns: [labels, pictures, negatives] } })
    expect(losses.every(Number.isFinite)).toBe(true)
  })

  it('trains one encoder on two columns beside another, where a pair has words besides its picture', async () => {
    const [text, picture] = [toyEncoder(), toyPictureEncoder()]
    // Every third picture has no words.
    const told = labels.map((label, i) => (i % 3 === 0 ? '' : `${label} seen`))
    const examples: Examples<Item> = { kind: 'pair', columns: [labels, pictures, told] }
    const { result, losses } = await run({ encoder: [text, picture, text], examples, settings: { epochs: 40 } })
    expect(result.encoders).toHaveLength(2)
    expect(mean(losses.slice(-6))).toBeLessThan(mean(losses.slice(0, 6)) * 0.6)
    const [, seen] = result.encoders
    expect(changed(picture, seen)).toContain('dense.weight')
  })

  it('tells evaluations frozen encoders apart, so that what is remembered of one is not taken for the other', async () => {
    const spaces: string[][] = []
    const evaluate = async (_: Encoder<Item>, { encoders }: { encoders: readonly Encoder<Item>[] }) => {
      spaces.push(await Promise.all(encoders.map((each) => encoderSpace(each))))
      return { 'ndcg@10': 0 }
    }
    const turned = toyEncoder()
    const other = turned.withParameters(
      new Map([...turned.parameters].map(([name, { shape, data }]) => [name, { shape, data: data.map((value) => 2 * value) }])),
    )
    for (const encoder of [toyEncoder(), other]) {
      await run({ encoder: [encoder, toyPictureEncoder()], settings: { freeze: ['anchor/*'], epochs: 1 }, evaluate })
      expect(spaces.at(-1)?.[0]).toBe(await encoderSpace(encoder))
    }
    const frozen = new Set(spaces.map(([text]) => text))
    expect(frozen.size).toBe(2)
    // What is trained changes from one measurement to the next.
    expect(new Set(spaces.map(([, picture]) => picture)).size).toBeGreaterThan(1)
  })

  it('resumed at any step, makes the losses and weights of a training that never stopped', async () => {
    const store = memoryStore()
    const settings = { batchNorm: 'batch' } as const
    const { losses, result } = await run({ settings, checkpoints: store })
    for (const at of [1, 7, 11]) {
      const checkpoint = store.all.find(({ step }) => step === at)
      const again = await run({
        settings,
        resume: true,
        checkpoints: { save: async () => undefined, load: async () => structuredClone(checkpoint) },
      })
      expect(again.losses, `from step ${at}`).toEqual(losses.slice(at))
      expect(again.result.encoders.map(({ parameters }) => parameters)).toEqual(result.encoders.map(({ parameters }) => parameters))
    }
  })

  it.each([
    ['no encoder', []],
    ['more encoders than columns', [toyEncoder(), toyPictureEncoder(), toyEncoder()]],
  ] as [string, Encoder<Item>[]][])('refuses %s', async (_, encoder) => {
    await expect(run({ encoder })).rejects.toMatchObject({ code: 'train.columns' })
  })
})

describe('running statistics', () => {
  const pairs: Examples<Item> = { kind: 'pair', columns: [pictures.slice(0, 12), pictures.slice(12)] }
  const statistics = (encoder: Encoder<Item>) =>
    ['norm.running_mean', 'norm.running_var'].map((name) => [...encoder.parameters.get(name)!.data])

  it('stay as they are by default', async () => {
    const { result } = await run({ encoder: [toyPictureEncoder()], examples: pairs })
    expect(statistics(result.encoder)).toEqual(statistics(toyPictureEncoder()))
    expect(changed(toyPictureEncoder(), result.encoder)).toContain('norm.weight')
  })

  it('follow the batches with their momentum where batches count, and a frozen one does not', async () => {
    const settings = { batchNorm: 'batch', epochs: 1, batchSize: 12, learningRate: 0 } as const
    const { result } = await run({ encoder: [toyPictureEncoder()], examples: pairs, settings })
    const [means, variances] = statistics(result.encoder)
    expect(means.every((value) => value !== 0)).toBe(true)
    // One step from 0: momentum × the batch's mean; a second step would come to (1 − momentum) of it and the next.
    const twice = await run({ encoder: [toyPictureEncoder()], examples: pairs, settings: { ...settings, epochs: 2 } })
    for (const [i, value] of statistics(twice.result.encoder)[0].entries()) expect(value).toBeCloseTo(means[i] * (2 - momentum), 5)
    for (const [i, value] of statistics(twice.result.encoder)[1].entries()) {
      const batch = (variances[i] - (1 - momentum)) / momentum
      expect(value).toBeCloseTo((1 - momentum) * variances[i] + momentum * batch, 4)
    }
    const frozen = await run({ encoder: [toyPictureEncoder()], examples: pairs, settings: { ...settings, freeze: ['norm.running_mean'] } })
    expect(statistics(frozen.result.encoder)).toEqual([[0, 0, 0, 0], variances])
  })

  it('are kept with the best weights', async () => {
    const seen: number[][][] = []
    const training = train<Item, never>({
      encoder: [toyPictureEncoder()],
      examples: pairs,
      loss: toyLoss,
      engine,
      settings: { ...standard, batchNorm: 'batch' },
      evaluate: async (encoder) => {
        seen.push(statistics(encoder))
        return { 'ndcg@10': [0.1, 0.9, 0.3, 0.4][seen.length - 1] }
      },
    })
    const { encoder } = await finish(training)
    expect(seen).toHaveLength(4)
    expect(statistics(encoder)).toEqual(seen[1])
    expect(seen[1]).not.toEqual(seen[3])
  })
})
