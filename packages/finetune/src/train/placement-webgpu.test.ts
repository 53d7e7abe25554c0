import type { Engine } from '@ms/core/tensor'
import { openEngine } from '@ms/runtime/node'
import { afterAll, describe, expect, it } from 'vitest'
import { apart, problems, run } from '../fixtures/training-problems.js'
import type { Checkpoint } from './checkpoint.js'

const gpu = await openEngine({ backend: 'webgpu-traced', threads: 1 }).catch((error: Error) => error.message.split('\n')[0])
const missing = typeof gpu === 'string' ? ` (${gpu})` : ''
const device = gpu as Engine
let host: Engine
afterAll(async () => {
  if (!missing) await device.dispose()
  await host?.dispose()
})

/** A software device makes its shaders for each new shape, which takes seconds. */
const steps = 6

describe.skipIf(missing)(`weights that stay on a WebGPU device${missing}`, () => {
  it.each(Object.entries(problems).filter(([name]) => !name.includes('groups of like length')))(
    'make the losses that weights in host memory make: %s',
    { timeout: 300_000 },
    async (_, problem) => {
      host ??= await openEngine({ backend: 'wasm', threads: 1 })
      expect(host.resident).toBeUndefined()
      expect(device.resident).toBeDefined()
      const settings = { maxSteps: steps, epochs: 2 }
      const expected = await run(problem, host, {}, settings)
      const kept: Checkpoint[] = []
      const before = device.memory()
      let most = 0
      const { losses } = await run(
        problem,
        device,
        {
          checkpoints: {
            save: async (checkpoint) => {
              kept.push(structuredClone(checkpoint))
              most = Math.max(most, device.memory().tensors)
            },
            load: async () => undefined,
          },
        },
        settings,
      )
      expect(losses).toHaveLength(steps)
      expect(apart(losses, expected.losses)).toBeLessThan(1e-5)
      expect(most).toBeGreaterThan(5)
      expect(device.memory()).toEqual(before)
      // What the device stored, the host goes on from.
      const [checkpoint] = kept
      expect(checkpoint.step).toBe(3)
      const resumed = await run(
        problem,
        host,
        { checkpoints: { save: async () => {}, load: async () => checkpoint }, resume: true },
        settings,
      )
      expect(apart(resumed.losses, expected.losses.slice(3))).toBeLessThan(1e-5)
    },
  )

  it('go on from what the host stored, in a worker', { timeout: 300_000 }, async () => {
    const [problem] = Object.values(problems)
    host ??= await openEngine({ backend: 'wasm', threads: 1 })
    const settings = { maxSteps: steps, epochs: 2 }
    const kept: Checkpoint[] = []
    const save = async (checkpoint: Checkpoint) => void kept.push(structuredClone(checkpoint))
    const whole = await run(problem, host, { checkpoints: { save, load: async () => undefined } }, settings)
    const there = await openEngine({ backend: 'webgpu-traced', threads: 1, worker: true })
    const resumed = await run(problem, there, { checkpoints: { save, load: async () => kept[0] }, resume: true }, settings)
    expect(there.memory()).toEqual({ tensors: 0, bytes: 0 })
    await there.dispose()
    expect(apart(resumed.losses, whole.losses.slice(3))).toBeLessThan(1e-5)
  })
})
