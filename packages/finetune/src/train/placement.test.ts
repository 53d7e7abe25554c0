import { MsError } from '@ms/core'
import type { Encoder, Engine, Prepared } from '@ms/core/tensor'
import { createEagerEngine } from '@ms/runtime'
import { openTracedEngine } from '@ms/runtime/node'
import { afterAll, describe, expect, it } from 'vitest'
import { tinyBertEncoder } from '../fixtures/tiny-bert-encoder.js'
import { apart, problems, run, undecided } from '../fixtures/training-problems.js'
import type { Checkpoint } from './checkpoint.js'

const wasm = await createEagerEngine({ backend: 'wasm' })
const options = { threads: 1 } as const
const [host, here, there] = await Promise.all([
  openTracedEngine(options),
  openTracedEngine({ ...options, resident: true }),
  openTracedEngine({ ...options, resident: true, worker: true }),
]).catch((): Engine[] => [])
afterAll(async () => {
  for (const engine of [wasm, host, here, there]) await engine?.dispose()
})

describe.skipIf(!host)('weights that stay in the engine (needs onnxruntime-node)', () => {
  it.each(Object.entries(problems))('make the losses that weights in host memory make: %s', async (_, problem) => {
    const expected = await run(problem, wasm)
    expect(expected.losses).toHaveLength(problem.settings.maxSteps ?? 50)
    expect(expected.losses.at(-1)).toBeLessThan(expected.losses[0])
    expect(host.resident).toBeUndefined()
    for (const engine of [host, here, there]) {
      const before = engine.memory()
      const { steps, losses, result } = await run(problem, engine)
      expect(losses).toHaveLength(expected.losses.length)
      expect(apart(losses, expected.losses)).toBeLessThan(1e-5)
      for (const [at, { gradientNorm }] of steps.entries())
        expect(Math.abs(gradientNorm - expected.steps[at].gradientNorm)).toBeLessThan(1e-4 * (1 + gradientNorm))
      for (const [name, { data }] of result.parameters) {
        if (!undecided.test(name)) expect(apart([...data], [...expected.result.parameters.get(name)!.data]), name).toBeLessThan(1e-4)
      }
      expect(engine.memory()).toEqual(before)
    }
  })

  it('are measured, stored and handed on as they are, and none is left behind', async () => {
    const seen = async (engine: Engine) => {
      const measured: number[] = []
      const kept: Checkpoint[] = []
      let most = 0
      const sum = (encoder: Encoder<never, Prepared>) =>
        [...encoder.parameters.values()].reduce((total, { data }) => data.reduce((all, value) => all + Math.abs(value), total), 0)
      const { events } = await run(problems[Object.keys(problems)[0]], engine, {
        evaluate: async (encoder) => {
          measured.push(sum(encoder))
          most = Math.max(most, engine.memory().tensors)
          return { 'ndcg@10': measured.length }
        },
        evaluateSteps: 4,
        checkpoints: { save: async (checkpoint) => void kept.push(structuredClone(checkpoint)), load: async () => undefined },
        checkpointSteps: 7,
      })
      const drifts = events.flatMap((event) => (event.type === 'epoch' ? [event.lossDiff ?? 0] : []))
      return { measured, kept, drifts, most }
    }
    const [expected, actual] = [await seen(host), await seen(here)]
    expect(actual.measured).toHaveLength(expected.measured.length)
    expect(apart(actual.measured, expected.measured)).toBeLessThan(0.05)
    expect(new Set(actual.measured).size).toBe(actual.measured.length)
    expect(apart(actual.drifts, expected.drifts)).toBeLessThan(1e-5)
    // Weights and two moments of each that goes in whole: one set of them, however many steps have been made.
    const { parameters } = tinyBertEncoder()
    expect(actual.most).toBe(3 * (parameters.size - Object.keys(tinyBertEncoder().lookups).length))
    for (const [i, { parameters, optimizer, ...rest }] of actual.kept.entries()) {
      const { parameters: others, optimizer: state, initialMetrics, best, ...same } = expected.kept[i]
      expect(rest).toMatchObject({ ...same, lossSum: expect.closeTo(same.lossSum, 4) })
      expect([...parameters.keys()]).toEqual([...others.keys()])
      expect(optimizer.steps).toBe(state.steps)
      expect([...optimizer.state].map(([name, { shape }]) => [name, shape])).toEqual(
        [...state.state].map(([name, { shape }]) => [name, shape]),
      )
      for (const [name, { data }] of optimizer.state) expect(apart([...data], [...state.state.get(name)!.data]), name).toBeLessThan(1e-5)
    }
  })

  it.each([0, 3])('go from engine to host and back by a checkpoint: %s', async (number) => {
    const problem = Object.values(problems)[number]
    const kept: Checkpoint[] = []
    const save = async (checkpoint: Checkpoint) => void kept.push(structuredClone(checkpoint))
    const short = { epochs: 6, maxSteps: undefined }
    const whole = await run(problem, wasm, {}, short)
    await run(problem, here, { checkpoints: { save, load: async () => undefined }, checkpointSteps: 1 }, short)
    const resume = async (engine: Engine, step: number) => {
      const from = kept.findLast((checkpoint) => checkpoint.step === step)!
      return run(problem, engine, { checkpoints: { save, load: async () => from }, resume: true, checkpointSteps: 1 }, short)
    }
    // What the second one stores after step 9, the third goes on from.
    for (const [engine, step] of [
      [host, 5],
      [there, 9],
      [wasm, 11],
    ] as const) {
      const { losses } = await resume(engine, step)
      expect(losses).toHaveLength(whole.losses.length - step)
      expect(apart(losses, whole.losses.slice(step))).toBeLessThan(1e-5)
    }
  })

  /** The engine, whose steps go wrong as told; and whether nothing can be read afterwards. */
  const troubled = (trouble: (step: number) => void, lost = false): Engine => ({
    name: here.name,
    threads: 1,
    compile: (fn, options) => here.compile(fn, options),
    differentiate: (fn, options) => here.differentiate(fn, options),
    resident: async (fn, options) => {
      const resident = await here.resident!(fn, options)
      let made = 0
      let failed = false
      return {
        step: async (...given) => {
          failed = true
          trouble(made++)
          failed = false
          return resident.step(...given)
        },
        read: async () => {
          if (lost && failed) throw new MsError('engine.device-lost', 'gone')
          return resident.read()
        },
        dispose: () => resident.dispose(),
      }
    },
    memory: () => here.memory(),
    dispose: () => here.dispose(),
  })
  const [problem] = Object.values(problems)

  it('are stored as they were when a step fails, unless they have gone with the engine', async () => {
    const whole = await run(problem, host)
    const kept: Checkpoint[] = []
    const checkpoints = { save: async (one: Checkpoint) => void kept.push(structuredClone(one)), load: async () => kept.at(-1) }
    const failing = (step: number) => {
      if (step === 7) throw new MsError('engine.failed', 'out of order')
    }
    await expect(run(problem, troubled(failing), { checkpoints })).rejects.toMatchObject({ code: 'engine.failed' })
    expect(kept.at(-1)?.step).toBe(7)
    expect(apart((await run(problem, host, { checkpoints, resume: true })).losses, whole.losses.slice(7))).toBeLessThan(1e-5)

    const stored: Checkpoint[] = []
    const store = { save: async (one: Checkpoint) => void stored.push(one), load: async () => undefined }
    await expect(run(problem, troubled(failing, true), { checkpoints: store })).rejects.toMatchObject({ code: 'engine.failed' })
    expect(stored.at(-1)?.step).toBe(6)
    expect(here.memory()).toEqual({ tensors: 0, bytes: 0 })
  })

  it.each([0, 5])('come to the host for good where step %s cannot be recorded', async (step) => {
    const whole = await run(problem, host)
    const { losses } = await run(
      problem,
      troubled((made) => {
        if (made === step) throw new MsError('engine.op-unsupported', 'there is no such kernel')
      }),
    )
    expect(apart(losses, whole.losses)).toBeLessThan(1e-5)
    expect(here.memory()).toEqual({ tensors: 0, bytes: 0 })
  })

  it('tell that a training has diverged', async () => {
    const settings = { learningRate: 1e30, clip: undefined }
    await expect(run(problem, here, {}, settings)).rejects.toMatchObject({ code: 'train.diverged' })
    expect(here.memory()).toEqual({ tensors: 0, bytes: 0 })
  })
})

describe.skipIf(!host)('a training in a worker (needs onnxruntime-node)', () => {
  it.each([
    ['in host memory', false],
    ['that stay there', true],
  ])('is aborted during a step: it stores its state, and goes on elsewhere, with weights %s', async (_, resident) => {
    const problem = Object.values(problems)[0]
    const whole = await run(problem, host)
    const engine = await openTracedEngine({ ...options, worker: true, resident })
    const controller = new AbortController()
    const kept: Checkpoint[] = []
    const checkpoints = { save: async (one: Checkpoint) => void kept.push(structuredClone(one)), load: async () => kept.at(-1) }
    // Aborted by something else that has its turn while the thread computes the step.
    const during =
      <A extends unknown[], R>(step: (...given: A) => Promise<R>) =>
      async (...given: A): Promise<R> => {
        const running = step(...given)
        if (++made === 4) {
          await new Promise(setImmediate)
          controller.abort(new Error('enough'))
        }
        return running
      }
    let made = 0
    const watched: Engine = {
      name: engine.name,
      threads: 1,
      compile: (fn, given) => engine.compile(fn, given),
      differentiate: async (fn, given) => {
        const { run, dispose } = await engine.differentiate(fn, given)
        return { run: during(run), dispose }
      },
      ...(resident
        ? {
            resident: async (fn, given) => {
              const { step, read, dispose } = await engine.resident!(fn, given)
              return { step: during(step), read, dispose }
            },
          }
        : {}),
      memory: () => engine.memory(),
      dispose: () => engine.dispose(),
    }
    await expect(run(problem, watched, { checkpoints, signal: controller.signal })).rejects.toThrow('enough')
    expect(kept.map(({ step }) => step)).toEqual([3, 4])
    expect(engine.memory()).toEqual({ tensors: 0, bytes: 0 })
    await engine.dispose()
    expect(apart((await run(problem, host, { checkpoints, resume: true })).losses, whole.losses.slice(4))).toBeLessThan(1e-5)
  })
})
