import { type Examples, MsError } from '@ms/core'
import type { Engine, Parameters } from '@ms/core/tensor'
import { createEagerEngine } from '@ms/runtime'
import { openEngine } from '@ms/runtime/node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { toyEncoder, toyLoss } from '../fixtures/toy-encoder.js'
import { adam, adamw } from '../optimizers/adam.js'
import { linear } from '../schedules/schedule.js'
import type { Checkpoint, CheckpointStore } from './checkpoint.js'
import { finish, train } from './train.js'
import { formatEpoch, type TrainEvent } from './train-event.js'
import type { TrainOptions } from './train-options.js'

const words =
  'apple bread chair dance eagle flute grape house igloo joker knife lemon mango nurse ocean piano queen river sugar tiger'.split(' ')
const examples: Examples = { kind: 'pair', columns: [words, words.map((word) => [...word].reverse().join('').toUpperCase())] }
type Options = TrainOptions<
  string,
  ReturnType<typeof toyEncoder> extends { processor: { collate(batch: readonly (infer P)[]): unknown } } ? P & { cost: number } : never
>

let engine: Engine
beforeAll(async () => {
  engine = await createEagerEngine({ backend: 'cpu' })
})
afterAll(() => engine.dispose())

const options = (changes: Partial<Options> = {}, settings: Partial<Options['settings']> = {}): Options => ({
  encoder: toyEncoder(),
  examples,
  loss: toyLoss,
  engine,
  settings: { epochs: 4, batchSize: 6, learningRate: 0.05, optimizer: adam(), schedule: linear(), ...settings },
  ...changes,
})

async function run(all: Options) {
  const events: TrainEvent[] = []
  const result = await finish(train(all), (event) => void events.push(event))
  const losses = events.flatMap((event) => (event.type === 'step' ? [event.loss] : []))
  return { events, losses, result }
}

/** Keeps every checkpoint, as copies: what lies in a file does not change either. */
function memoryStore(): CheckpointStore & { all: Checkpoint[] } {
  const all: Checkpoint[] = []
  return {
    all,
    save: async (checkpoint) => void all.push(structuredClone(checkpoint)),
    load: async () => all.at(-1),
  }
}

describe('train', () => {
  it('lowers the loss, tells of every step and epoch, and leaves the given encoder as it was', async () => {
    const encoder = toyEncoder()
    const before = [...encoder.parameters].map(([name, { data }]) => [name, [...data]])
    const { events, losses, result } = await run(options({ encoder }, { epochs: 20 }))
    expect(losses.length).toBe(20 * 4)
    expect(losses.slice(-4).reduce((a, b) => a + b) / 4).toBeLessThan((losses.slice(0, 4).reduce((a, b) => a + b) / 4) * 0.5)
    expect(events.map(({ type }) => type).filter((type) => type !== 'step')).toEqual(['start', ...Array(20).fill('epoch'), 'end'])
    expect([...encoder.parameters].map(([name, { data }]) => [name, [...data]])).toEqual(before)
    const drifts = events.flatMap((event) => (event.type === 'epoch' ? [event.lossDiff ?? -1] : []))
    expect(drifts[0]).toBeGreaterThan(0)
    expect(drifts.at(-1)).toBeGreaterThan(drifts[0])
    expect(drifts.at(-1)).toBeLessThan(2)
    expect(result.encoder.parameters.get('turn')?.data).not.toEqual(encoder.parameters.get('turn')?.data)
  })

  it('repeats itself for a seed, and not for another', async () => {
    const first = await run(options())
    expect((await run(options())).losses).toEqual(first.losses)
    expect((await run(options({}, { seed: 2 }))).losses).not.toEqual(first.losses)
  })

  it('updates only the rows of a table that were touched', async () => {
    const { result } = await run(options({}, { epochs: 1 }))
    const [before, after] = [toyEncoder().parameters.get('table')!.data, result.encoder.parameters.get('table')!.data]
    const touched = new Set(examples.columns.flat().flatMap((text) => Array.from({ length: 4 }, (_, i) => text.charCodeAt(i) % 64)))
    for (let row = 0; row < 64; row++) {
      const same = before.slice(row * 6, row * 6 + 6).every((value, i) => value === after[row * 6 + i])
      expect(same, `row ${row}`).toBe(!touched.has(row))
    }
  })

  it('resumed at any step, makes the losses and weights of a training that never stopped', async () => {
    const whole = memoryStore()
    const settings = { optimizer: adamw({ weightDecay: 0.1 }), clip: 0.5 }
    const { losses, result } = await run(options({ checkpoints: whole, checkpointSteps: 1 }, settings))
    for (const at of [1, 5, 8, 14]) {
      const checkpoint = whole.all.filter(({ step }) => step === at)[0]
      const store: CheckpointStore = { save: async () => undefined, load: async () => structuredClone(checkpoint) }
      const resumed = await run(options({ checkpoints: store, resume: true }, settings))
      expect(resumed.losses, `from step ${at}`).toEqual(losses.slice(at))
      expect(resumed.result.encoder.parameters).toEqual(result.encoder.parameters)
    }
  })

  it('keeps its state when the engine fails, and goes on from there', async () => {
    const { losses } = await run(options())
    const store = memoryStore()
    let left = 6
    const failing: Engine = {
      ...engine,
      compile: (fn, given) => engine.compile(fn, given),
      memory: () => engine.memory(),
      differentiate: async (fn, given) => {
        const step = await engine.differentiate(fn, given)
        return {
          run: async (inputs, values) => {
            if (left-- === 0) throw new MsError('engine.failed', 'the thread that computes has ended')
            return step.run(inputs, values)
          },
          dispose: () => step.dispose(),
        }
      },
    }
    await expect(run(options({ engine: failing, checkpoints: store }))).rejects.toMatchObject({ code: 'engine.failed' })
    expect(store.all.at(-1)?.step).toBe(6)
    expect((await run(options({ checkpoints: store, resume: true }))).losses).toEqual(losses.slice(6))
  })

  it('keeps its state when it is aborted, and goes on from there', async () => {
    const { losses } = await run(options())
    const store = memoryStore()
    const controller = new AbortController()
    const events: TrainEvent[] = []
    const aborted = finish(train(options({ checkpoints: store, signal: controller.signal })), (event) => {
      events.push(event)
      if (event.type === 'step' && event.step === 6) controller.abort()
    })
    await expect(aborted).rejects.toThrow()
    expect(store.all.at(-1)?.step).toBe(6)
    expect((await run(options({ checkpoints: store, resume: true }))).losses).toEqual(losses.slice(6))
  })

  it('refuses a checkpoint of other settings', async () => {
    const store = memoryStore()
    await run(options({ checkpoints: store }))
    await expect(run(options({ checkpoints: store, resume: true }, { learningRate: 0.01 }))).rejects.toMatchObject({
      code: 'train.checkpoint',
    })
  })

  it('refuses a checkpoint of other examples, even if there are as many', async () => {
    const store = memoryStore()
    await run(options({ checkpoints: store }))
    const others: Examples = { kind: 'pair', columns: [words, words.map((word) => `${word}s`)] }
    await expect(run(options({ checkpoints: store, resume: true, examples: others }))).rejects.toMatchObject({ code: 'train.checkpoint' })
  })

  it('trains through a batch in one pass where nothing has to be padded, with the same losses', async () => {
    const one = toyEncoder()
    // Padded to the longest: unlike lengths must not be put together.
    const padded = { ...one, withParameters: (parameters: Parameters): typeof one => ({ ...toyEncoder(parameters), processor: padding }) }
    const padding: typeof one.processor = {
      prepare: async (items, role) => (await one.processor.prepare(items, role)).map((item, i) => ({ ...item, cost: 4 + i })),
      collate: (batch) => {
        const unlike = new Set(batch.map(({ cost }) => cost)).size > 1
        return { ...one.processor.collate(batch), ...(unlike ? { padding: { shape: [99], data: new Float32Array(99) } } : {}) }
      },
    }
    const [joined, apart] = [await run(options()), await run(options({ encoder: { ...padded, processor: padding } }))]
    joined.losses.forEach((loss, step) => {
      expect(apart.losses[step]).toBeCloseTo(loss, 4)
    })
  })

  it('trains in groups of like length with the same losses, in one graph where a graph is recorded', async () => {
    const traced = await openEngine({ backend: 'traced', threads: 1 }).catch(() => undefined)
    /** Texts that cost so much are trained in groups; those of `costs` far below are not. */
    const costing = (least: number, parameters?: Parameters): ReturnType<typeof toyEncoder> => {
      const toy = toyEncoder(parameters)
      const prepare: typeof toy.processor.prepare = async (items, role) =>
        (await toy.processor.prepare(items, role)).map((item, i) => ({ ...item, cost: least + i }))
      return { ...toy, processor: { ...toy.processor, prepare }, withParameters: (others) => costing(least, others) }
    }
    const whole = await run(options({ encoder: costing(4) }))
    for (const engine of traced ? [options().engine, traced] : [options().engine]) {
      let constants = 0
      const training = train(options({ encoder: costing(400), engine }, { freeze: ['bias'] }))
      const grouped = await finish(training, ({ type }) => {
        if (type === 'step') constants = engine.memory().tensors
      }).then(() => run(options({ encoder: costing(400), engine })))
      // One frozen weight, once for each graph.
      if (engine === traced) expect(constants).toBe(1)
      grouped.losses.forEach((loss, step) => {
        expect(loss).toBeCloseTo(whole.losses[step], 5)
      })
    }
    await traced?.dispose()
  })

  it('keeps the best weights on the dev data, and the untuned ones if nothing was better', async () => {
    const values = [0.5, 0.6, 0.9, 0.7, 0.8]
    const seen: number[][] = []
    const { events, result } = await run(
      options({
        evaluate: async (encoder) => {
          seen.push([...encoder.parameters.get('bias')!.data])
          return { 'ndcg@10': values[seen.length - 1] }
        },
      }),
    )
    expect(events.at(-1)).toMatchObject({ type: 'end', bestStep: 8, metrics: { 'ndcg@10': 0.9 } })
    expect([...result.encoder.parameters.get('bias')!.data]).toEqual(seen[2])
    const worse = await run(options({ evaluate: async () => ({ 'ndcg@10': 0.3 }) }))
    expect(worse.events.at(-1)).toMatchObject({ bestStep: 0, lossDiff: 0 })
    expect(worse.result.encoder.parameters).toEqual(toyEncoder().parameters)
  })

  it('stops early, and at the most steps', async () => {
    const early = await run(options({ earlyStop: 2, evaluate: async () => ({ 'ndcg@10': 0.3 }) }, { epochs: 9 }))
    expect(early.events.at(-1)).toMatchObject({ reason: 'early-stop', steps: 8 })
    const most = await run(options({}, { maxSteps: 6 }))
    expect(most.losses).toHaveLength(6)
    expect(most.events.at(-1)).toMatchObject({ reason: 'max-steps', steps: 6 })
  })

  it('freezes weights by pattern', async () => {
    const { result } = await run(options({}, { freeze: ['ta*', 'bias'] }))
    const before = toyEncoder().parameters
    expect(result.encoder.parameters.get('table')).toEqual(before.get('table'))
    expect(result.encoder.parameters.get('turn')).not.toEqual(before.get('turn'))
    await expect(run(options({}, { freeze: ['tabel'] }))).rejects.toMatchObject({ code: 'train.settings' })
    await expect(run(options({}, { freeze: ['*'] }))).rejects.toMatchObject({ code: 'train.nothing-trainable' })
  })

  it('ends with an error when it diverges, before anything is kept', async () => {
    const store = memoryStore()
    const diverging = run(options({ checkpoints: store }, { learningRate: 1e30, optimizer: adam() }))
    await expect(diverging).rejects.toMatchObject({ code: 'train.diverged', kind: 'failure' })
    expect(store.all).toEqual([])
  })

  it.each([
    ['no examples', { examples: { kind: 'pair', columns: [[], []] } }, 'train.no-examples'],
    ['one example', { examples: { kind: 'pair', columns: [['a'], ['b']] } }, 'train.no-examples'],
    ['uneven columns', { examples: { kind: 'pair', columns: [['a', 'b'], ['b']] } }, 'train.columns'],
    ['examples of another kind', { examples: { kind: 'labelled', columns: [['a', 'b']], labels: ['x', 'y'] } }, 'train.columns'],
    ['a metric that is not there', { evaluate: async () => ({ other: 1 }) }, 'train.metric'],
  ] as [string, Partial<Options>, string][])('refuses %s', async (_, changes, code) => {
    await expect(run(options(changes))).rejects.toMatchObject({ code })
  })

  it('says which batch does not fit into memory, and keeps the state before it', async () => {
    const whole = await run(options({}, { epochs: 2 }))
    const store = memoryStore()
    let left = 5
    const narrow: Engine = {
      ...options().engine,
      differentiate: async (fn, all) => {
        const step = await options().engine.differentiate(fn, all)
        return {
          ...step,
          dispose: () => step.dispose(),
          run: async (inputs, values) => {
            if (left-- === 0) throw new MsError('engine.out-of-memory', 'running a recorded graph needs more memory than there is')
            return step.run(inputs, values)
          },
        }
      },
      compile: (fn, all) => options().engine.compile(fn, all),
      memory: () => options().engine.memory(),
      dispose: async () => {},
    }
    const broken = run(options({ engine: narrow, checkpoints: store }, { epochs: 2 }))
    await expect(broken).rejects.toMatchObject({
      code: 'train.out-of-memory',
      message: expect.stringMatching(/step 6 \(6 examples, the longest of 4 tokens\)/),
      advice: expect.stringContaining('Lower the batch size'),
    })
    const resumed = await run(options({ checkpoints: store, resume: true }, { epochs: 2 }))
    expect(resumed.losses).toEqual(whole.losses.slice(5))
  })

  it('finds weights that are not finite before they are measured or stored', async () => {
    const store = memoryStore()
    let measured = 0
    const evaluate = async () => ({ 'ndcg@10': measured++ })
    // One step of an epoch, so large that a weight overflows: the loss before it was fine.
    const settings = { epochs: 1, batchSize: 20, learningRate: 3e38, optimizer: adamw({ weightDecay: 100 }) }
    await expect(run(options({ checkpoints: store, evaluate }, settings))).rejects.toMatchObject({ code: 'train.diverged' })
    expect(store.all).toEqual([])
    expect(measured).toBe(1)
  })

  it('holds no tensors longer than a step', async () => {
    const counts: number[] = []
    await finish(train(options({}, { epochs: 250 })), (event) => {
      if (event.type === 'step' && event.step % 100 === 1) counts.push(engine.memory().tensors)
    })
    expect(counts).toHaveLength(10)
    expect(new Set(counts).size).toBe(1)
    expect(engine.memory().tensors).toBe(0)
  })
})

describe('formatEpoch', () => {
  it('is the line that a training prints', () => {
    const event = {
      type: 'epoch',
      epoch: 3,
      epochs: 10,
      step: 9,
      loss: 0.42134,
      lossDiff: 0.08714,
      metrics: { 'ndcg@10': 0.6123 },
      seconds: 1,
    } as const
    expect(formatEpoch(event)).toBe('epoch 3/10  loss 0.4213  loss diff 0.0871  dev ndcg@10 0.612')
  })
})
