import type { Examples } from '@ms/core'
import type { Engine, Prepared } from '@ms/core/tensor'
import { createEagerEngine } from '@ms/runtime'
import { openEngine } from '@ms/runtime/node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Mix, mixPictures, mixPlan, mixup } from '../augment/pictures/mixup.js'
import { apart, problems, run } from '../fixtures/training-problems.js'
import { batchHardTriplet } from '../losses/batch-hard-triplet.js'
import { softmaxClassifier } from '../losses/softmax-classifier.js'
import type { Checkpoint, CheckpointStore } from './checkpoint.js'
import { batchMixer } from './mix-batch.js'

interface Grey extends Prepared {
  readonly values: Uint8Array
}

/** Mixes what the toy network reads. */
const greys: Mix<Grey> = {
  plan: (count, random, labels) => mixPlan(count, random, { alpha: 1, labels }),
  items: (column, { partners, shares }) =>
    column.map(({ cost, values }, i) => {
      const other = column[partners[i]].values
      return { cost, values: Uint8Array.from(values, (value, at) => shares[i] * value + (1 - shares[i]) * other[at]) }
    }),
}
const mix = greys as unknown as Mix<Prepared>
const cnn = problems['a small CNN with given statistics, Adamax']

let [cpu, traced]: Engine[] = []
beforeAll(async () => {
  cpu = await createEagerEngine({ backend: 'cpu' })
  traced = await openEngine({ backend: 'traced', threads: 1 })
})
afterAll(() => Promise.all([cpu.dispose(), traced.dispose()]))

describe('mixup in training', () => {
  it('mixes all columns by one plan, which depends on seed, epoch and batch alone', async () => {
    const examples: Examples<string> = { kind: 'pair', columns: [[...'abcdef'], [...'ghijkl']] }
    const columns = [0, 1].map((column) => Array.from({ length: 4 }, (_, i) => ({ cost: 1, values: Uint8Array.of(10 * i + column) })))
    const loss = softmaxClassifier({ labels: ['x', 'y'], dim: 2 })
    const mixed = (seed: number, epoch: number) =>
      batchMixer({ mix: greys, loss, examples, settings: { seed } })(epoch, Int32Array.of(3, 1, 0, 5), columns)
    const { columns: got, mix: plan } = await mixed(1, 0)
    expect(got).toEqual(columns.map((column) => greys.items(column, plan!)))
    expect(got).not.toEqual(columns)
    expect(await mixed(1, 0)).toEqual({ columns: got, mix: plan })
    expect((await mixed(2, 0)).mix).not.toEqual(plan)
    expect((await mixed(1, 1)).mix).not.toEqual(plan)
  })

  it('mixes within a class where a loss has no mixed targets', async () => {
    const labels = [...'xyxyxy']
    const examples: Examples<string> = { kind: 'labelled', columns: [[...'abcdef']], labels }
    const seen: (readonly string[] | undefined)[] = []
    const spy: Mix<Grey> = {
      ...greys,
      plan: (count, random, given) => {
        seen.push(given)
        return greys.plan(count, random, given)
      },
    }
    const columns = [Array.from({ length: 3 }, () => ({ cost: 1, values: new Uint8Array(1) }))]
    const mixed = await batchMixer({ mix: spy, loss: batchHardTriplet(), examples, settings: {} })(0, Int32Array.of(4, 1, 0), columns)
    expect(seen).toEqual([['x', 'y', 'x']])
    expect(mixed.mix).toBeUndefined()
  })

  it('weights the loss of both classes with their shares', () => {
    const loss = softmaxClassifier({ labels: ['a', 'b'], dim: 2 })
    const plan = { partners: Int32Array.of(1, 2, 0), shares: Float32Array.of(0.5, 0.75, 1) }
    const inputs = loss.inputs!({ keys: [['0', '1', '2']], labels: ['a', 'b', 'b'], mix: plan })
    expect([...inputs.targets.data]).toEqual([0, 1, 1])
    expect([...inputs.partners.data]).toEqual([1, 1, 0])
    expect(inputs.shares.data).toEqual(plan.shares)
  })

  it('makes equal losses on cpu and traced, others than without, and the same when resumed', async () => {
    const settings = { maxSteps: 12 }
    const onCpu = await run(cnn, cpu, { mix }, settings)
    const whole = await run(cnn, traced, { mix }, settings)
    expect(apart(whole.losses, onCpu.losses)).toBeLessThan(1e-5)
    expect(apart(whole.losses, (await run(cnn, traced, {}, settings)).losses)).toBeGreaterThan(1e-3)

    let kept: Checkpoint | undefined
    const stop = new AbortController()
    const checkpoints: CheckpointStore = {
      load: async () => kept,
      save: async (one) => {
        kept ??= structuredClone(one)
        stop.abort()
      },
    }
    await expect(run(cnn, traced, { mix, checkpoints, checkpointSteps: 2, signal: stop.signal }, settings)).rejects.toThrow()
    const resumed = await run(cnn, traced, { mix, checkpoints, resume: true }, settings)
    expect(resumed.losses).toEqual(whole.losses.slice(2))
  })

  it('refuses scored pairs, texts and a share that is none', async () => {
    const scored = { kind: 'scored-pair', columns: [['a'], ['b']], scores: [1] } as const
    await expect(
      run(cnn, cpu, { mix, examples: scored as never, loss: { ...cnn.loss(), columns: 'scored-pair' } as never }),
    ).rejects.toMatchObject({
      code: 'train.settings',
    })
    const plan = { partners: Int32Array.of(1, 0), shares: Float32Array.of(0.5, 0.5) }
    expect(() => mixPictures([{ cost: 1 }, { cost: 1 }] as never, plan)).toThrow(expect.objectContaining({ code: 'augment.settings' }))
    expect(() => mixup({ alpha: 0 })).toThrow(expect.objectContaining({ code: 'augment.settings' }))
  })
})
