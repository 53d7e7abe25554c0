import type { Examples } from '@ms/core'
import type { Engine, HostTensor } from '@ms/core/tensor'
import { createEagerEngine } from '@ms/runtime'
import { openEngine } from '@ms/runtime/node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { tinyBertEncoder } from '../fixtures/tiny-bert-encoder.js'
import { toyEncoder, toyLoss } from '../fixtures/toy-encoder.js'
import { adam } from '../optimizers/adam.js'
import { linear } from '../schedules/schedule.js'
import type { Checkpoint, CheckpointStore } from './checkpoint.js'
import { type Dropout, dropoutMasks } from './dropout-masks.js'
import { finish, train } from './train.js'
import type { TrainEvent } from './train-event.js'
import type { TrainOptions } from './train-options.js'

const words =
  'apple tree chair dancing eagle flute grapes house igloo joke knives lemon mango nurse oceans piano queen rivers sugar tiger'.split(' ')
const examples: Examples = { kind: 'pair', columns: [words, words.map((word) => [...word].reverse().join(''))] }

let cpu: Engine
let others: Engine[]
beforeAll(async () => {
  cpu = await createEagerEngine({ backend: 'cpu' })
  others = [await createEagerEngine({ backend: 'wasm' })]
  const traced = await openEngine({ backend: 'traced', threads: 1 }).catch(() => undefined)
  if (traced) others.push(traced)
})
afterAll(async () => {
  for (const engine of [cpu, ...others]) await engine.dispose()
})

type Options = TrainOptions<string, Awaited<ReturnType<ReturnType<typeof tinyBertEncoder>['processor']['prepare']>>[number]>

async function losses(dropout: Dropout | undefined, changes: Partial<Options> = {}, settings: Partial<Options['settings']> = {}) {
  const all: number[] = []
  const result = await finish(
    train({
      encoder: tinyBertEncoder(),
      examples,
      loss: toyLoss,
      engine: others[0],
      settings: { epochs: 5, batchSize: 8, learningRate: 3e-3, optimizer: adam(), schedule: linear(), dropout, ...settings },
      ...changes,
    }),
    (event: TrainEvent) => {
      if (event.type === 'step') all.push(event.loss)
    },
  )
  return { losses: all, result }
}

describe('training with dropout', () => {
  // At 50 tokens a letter a batch is cut into two groups, each with masks of its own.
  it.each([
    ['one batch', 1, 50],
    ['groups of like length', 50, 20],
  ])('makes the same losses on every engine: %s', async (_, letterCost, steps) => {
    const settings = { epochs: 17, maxSteps: steps }
    const expected = await losses(0.2, { engine: cpu, encoder: tinyBertEncoder(letterCost) }, settings)
    expect(expected.losses).toHaveLength(steps)
    expect(expected.losses.at(-1)).toBeLessThan(expected.losses[0])
    for (const engine of others) {
      const before = engine.memory()
      const actual = await losses(0.2, { engine, encoder: tinyBertEncoder(letterCost) }, settings)
      for (const [step, loss] of actual.losses.entries())
        expect(Math.abs(loss - expected.losses[step]), `${engine.name}, step ${step}`).toBeLessThan(1e-5)
      expect(engine.memory()).toEqual(before)
    }
  })

  it('drops other units at each step, and what the configuration says where it is asked', async () => {
    // The same batch and weights at each step, in another order: only the masks can make the losses differ by more than rounding.
    const still = { epochs: 6, batchSize: words.length, learningRate: 0 }
    const first = (await losses(undefined, {}, still)).losses
    const distance = (a: readonly number[]) => Math.min(...a.flatMap((x, i) => a.slice(i + 1).map((y) => Math.abs(x - y))))
    for (const loss of first) expect(Math.abs(loss - first[0])).toBeLessThan(1e-5)
    for (const engine of others) {
      const dropped = (await losses(0.3, { engine }, still)).losses
      expect(distance(dropped), engine.name).toBeGreaterThan(1e-4)
      expect((await losses('config', { engine }, still)).losses).not.toEqual(dropped)
    }
    expect((await losses(0, {}, still)).losses).toEqual(first)
    const toy = toyEncoder()
    const plain = {
      examples,
      loss: toyLoss,
      engine: cpu,
      settings: { epochs: 1, batchSize: 6, learningRate: 0.1, optimizer: adam(), schedule: linear() },
    }
    const untouched: number[] = []
    for (const dropout of [0, 0.5])
      await finish(train({ ...plain, encoder: toy, settings: { ...plain.settings, dropout } }), (event) => {
        if (event.type === 'step') untouched.push(event.loss)
      })
    // A network without such layers drops nothing.
    expect(untouched.slice(4)).toEqual(untouched.slice(0, 4))
  })

  it('repeats itself for a seed, not for another, and measures and encodes without dropping', async () => {
    const seen: number[][] = []
    const measured = async (seed: number) =>
      losses(
        0.3,
        {
          evaluate: async (encoder) => {
            seen.push([...encoder.parameters.values()].map(({ data }) => data[0]))
            return { 'ndcg@10': seen.length }
          },
        },
        { seed, epochs: 2 },
      )
    const [first, again, other] = [await measured(1), await measured(1), await measured(2)]
    expect(again.losses).toEqual(first.losses)
    expect(other.losses).not.toEqual(first.losses)
    const { encoder } = first.result
    const compiled = await others[0].compile((weights, inputs) => ({ y: encoder.forward(inputs, weights, { training: false }) }), {
      constants: encoder.parameters,
    })
    const inputs = encoder.processor.collate(await encoder.processor.prepare(words, 'query'))
    const [one, two]: HostTensor[] = [(await compiled.run(inputs)).y, (await compiled.run(inputs)).y]
    expect(one.data).toEqual(two.data)
    compiled.dispose()
  })

  it('resumed at any step, makes the losses of a training that never stopped', async () => {
    const kept: Checkpoint[] = []
    const store: CheckpointStore = { save: async (checkpoint) => void kept.push(structuredClone(checkpoint)), load: async () => undefined }
    const whole = await losses(0.2, { checkpoints: store, checkpointSteps: 1 })
    for (const at of [2, 7, 11]) {
      const checkpoint = kept.find(({ step }) => step === at)!
      const resumed = await losses(0.2, {
        checkpoints: { save: async () => undefined, load: async () => structuredClone(checkpoint) },
        resume: true,
      })
      expect(resumed.losses, `from step ${at}`).toEqual(whole.losses.slice(at))
      await expect(
        losses(0.1, { checkpoints: { save: async () => undefined, load: async () => checkpoint }, resume: true }),
      ).rejects.toMatchObject({
        code: 'train.checkpoint',
      })
    }
  })

  it.each([-0.1, 1, Number.NaN])('refuses to drop a share of %s', async (dropout) => {
    await expect(losses(dropout)).rejects.toMatchObject({ code: 'train.settings', where: 'dropout' })
  })

  it('refuses a configuration that drops all', () => {
    const all = { dropouts: () => new Map([['layer', { shape: [2, 3], rate: 1 }]]) }
    expect(() => dropoutMasks('config', 1).draw(all, {})).toThrow(expect.objectContaining({ code: 'train.settings', where: 'layer' }))
  })
})

describe('masks of dropout', () => {
  const layers = (rates: Record<string, number>) => ({
    dropouts: () => new Map(Object.entries(rates).map(([name, rate]) => [name, { shape: [50, 20, 99], rate }])),
  })
  const drawn = (step: number, rates = { a: 0.1, b: 0.5 }, seed = 1) => {
    const masks = dropoutMasks('config', seed)
    masks.begin(step)
    return Object.fromEntries(Object.entries(masks.draw(layers(rates), {})).map(([name, { data }]) => [name, Uint8Array.from(data)]))
  }
  const size = 50 * 20 * 99
  /** Correlation of two equally long masks, in standard deviations of what chance makes it. */
  const correlation = (a: Uint8Array, b: Uint8Array) => {
    const mean = (x: Uint8Array) => x.reduce((sum, value) => sum + value, 0) / x.length
    const [meanA, meanB] = [mean(a), mean(b)]
    let sum = 0
    for (let i = 0; i < a.length; i++) sum += (a[i] - meanA) * (b[i] - meanB)
    return sum / Math.sqrt(a.length * meanA * (1 - meanA) * meanB * (1 - meanB))
  }

  it('have the layer’s shape and depend on the step and the seed only', () => {
    const masks = dropoutMasks(0.1, 1)
    masks.begin(3)
    expect(masks.draw(layers({ a: 0.5 }), {})['dropout/a']).toMatchObject({ shape: [50, 20, 99] })
    expect(drawn(3)).toEqual(drawn(3))
    expect(drawn(3)).not.toEqual(drawn(4))
    expect(drawn(3)).not.toEqual(drawn(3, undefined, 2))
    expect(Object.keys(drawn(3, { a: 0, b: 0.5 }))).toEqual(['dropout/b'])
    // Memory is used again, whatever the step before has left there.
    masks.begin(4)
    masks.begin(3)
    const again = masks.draw(layers({ a: 0.5 }), {})['dropout/a'].data
    expect([...again]).toEqual([...drawn(3, { a: 0.1, b: 0 })['dropout/a']])
  })

  it.each([0.001, 0.1, 0.3, 0.5, 0.503, 0.9, 0.999])('keep a share of 1 − %f, exactly on average', (rate) => {
    let kept = 0
    for (let step = 0; step < 10; step++) {
      const mask = drawn(step, { a: rate, b: 0 })['dropout/a']
      expect(mask.every((value) => value === 0 || value === 1)).toBe(true)
      kept += mask.reduce((sum, value) => sum + value, 0)
    }
    expect(Math.abs(kept - 10 * size * (1 - rate))).toBeLessThan(4 * Math.sqrt(10 * size * rate * (1 - rate)))
  })

  it('drop each unit about equally often', () => {
    const steps = 200
    const dropped = new Float64Array(size)
    for (let step = 0; step < steps; step++)
      for (const [i, value] of drawn(step, { a: 0.1, b: 0 })['dropout/a'].entries()) dropped[i] += 1 - value
    // Chi-squared with one degree of freedom a unit: mean 1, variance about 2.
    const spread = dropped.reduce((sum, count) => sum + (count - steps * 0.1) ** 2 / (steps * 0.1 * 0.9), 0)
    expect(Math.abs(spread - size)).toBeLessThan(4 * Math.sqrt(2 * size))
  })

  it('are independent of neighbours, of other layers and of other steps', () => {
    const here = drawn(5)
    const a = here['dropout/a']
    for (const distance of [1, 2, 3, 4, 5, 8, 99])
      expect(Math.abs(correlation(a.subarray(distance), a.subarray(0, -distance)))).toBeLessThan(4)
    expect(Math.abs(correlation(a, here['dropout/b']))).toBeLessThan(4)
    for (const step of [4, 6, 50]) expect(Math.abs(correlation(a, drawn(step)['dropout/a']))).toBeLessThan(4)
    expect(Math.abs(correlation(a, drawn(5, undefined, 2)['dropout/a']))).toBeLessThan(4)
  })
})
