import { MsError } from '@ms/core'
import type { Engine } from '@ms/core/tensor'
import * as tf from '@tensorflow/tfjs-core'
import { afterEach, describe, expect, it } from 'vitest'
import { createEagerEngine } from '../eager/create-eager-engine.js'
import { type Candidate, candidates, engineNames } from './candidates.js'
import { diagnose } from './diagnose.js'
import { type OpenedEngine, openEngine } from './open-engine.js'

const opened: Engine[] = []
const open = async (...options: Parameters<typeof openEngine>): Promise<OpenedEngine> => {
  const engine = await openEngine(...options)
  opened.push(engine)
  return engine
}
afterEach(async () => {
  for (const engine of opened.splice(0)) await engine.dispose()
})

const absent: Candidate = {
  name: 'native',
  open: async () => {
    throw new MsError('engine.unusable', 'its library is not there')
  },
}
const crashing: Candidate = {
  name: 'webgpu',
  open: async () => {
    throw new TypeError('adapter is null')
  },
}
const cpu: Candidate = { name: 'cpu', open: () => createEagerEngine({ backend: 'cpu' }) }

/** An engine whose gradients are all twice too large. */
const wrong = (onDispose: () => void): Candidate => ({
  name: 'wasm',
  open: async () => {
    const engine = await createEagerEngine({ backend: 'cpu' })
    return {
      ...engine,
      name: 'wasm',
      threads: 1,
      compile: (...args) => engine.compile(...args),
      differentiate: (fn, options) =>
        engine.differentiate(
          (weights, inputs) => ({ ...fn(weights, inputs), loss: tf.mul(fn(weights, inputs).loss, 2) as tf.Scalar }),
          options,
        ) as ReturnType<typeof engine.differentiate<never>>,
      memory: () => engine.memory(),
      dispose: async () => {
        onDispose()
        await engine.dispose()
      },
    }
  },
})

describe('openEngine', () => {
  it.each(['wasm', 'cpu'] as const)('opens %s by name', async (backend) => {
    const engine = await open({ backend })
    expect(engine.name).toBe(backend)
    expect(engine.attempts).toEqual([{ name: backend, usable: true }])
  })

  it('has a row for every name, in the same order; webgpu stands for two', () => {
    expect(candidates.map(({ name }) => name)).toEqual(engineNames.filter((name) => name !== 'webgpu'))
  })

  it('takes the first that works, and keeps why others did not', async () => {
    let disposed = 0
    const engine = await open({ candidates: [absent, crashing, wrong(() => disposed++), cpu] })
    expect(engine.name).toBe('cpu')
    expect(disposed).toBe(1)
    expect(engine.attempts).toEqual([
      { name: 'native', usable: false, reason: 'its library is not there' },
      { name: 'webgpu', usable: false, reason: 'the webgpu engine does not work here: adapter is null' },
      { name: 'wasm', usable: false, reason: 'the wasm engine computes wrong numbers' },
      { name: 'cpu', usable: true },
    ])
  })

  it('by itself opens an engine that works here', async () => {
    const engine = await open()
    expect(engine.attempts.at(-1)).toEqual({ name: engine.name, usable: true })
    for (const { usable, reason } of engine.attempts.slice(0, -1)) expect([usable, typeof reason]).toEqual([false, 'string'])
  })

  it('does not put another in the place of one that was asked for', async () => {
    await expect(openEngine({ backend: 'native', candidates: [absent, cpu] })).rejects.toMatchObject({ code: 'engine.unusable' })
    await expect(openEngine({ backend: 'webgpu', candidates: [crashing, cpu] })).rejects.toMatchObject({
      code: 'engine.unusable',
      kind: 'failure',
      details: { engine: 'webgpu', reason: 'adapter is null' },
    })
  })

  it('tries both ways to WebGPU under its name, and no other engine', async () => {
    const [first, second] = (['webgpu-traced', 'webgpu-eager'] as const).map((name): Candidate => ({ ...cpu, name }))
    expect((await open({ backend: 'webgpu', candidates: [{ ...crashing, name: 'webgpu-traced' }, second, cpu] })).attempts).toEqual([
      { name: 'webgpu-traced', usable: false, reason: 'the webgpu-traced engine does not work here: adapter is null' },
      { name: 'webgpu-eager', usable: true },
    ])
    expect((await open({ backend: 'webgpu-eager', candidates: [first, second] })).attempts).toHaveLength(1)
    await expect(openEngine({ backend: 'webgpu', candidates: [{ ...crashing, name: 'webgpu-traced' }, { ...crashing, name: 'webgpu-eager' }, cpu] }))
      .rejects.toMatchObject({ code: 'engine.unusable', message: 'webgpu does not work here', where: expect.stringMatching(/webgpu-traced:.*webgpu-eager:/) }) // biome-ignore format: one expectation
  })

  it('names all reasons when nothing works', async () => {
    await expect(openEngine({ candidates: [absent, crashing] })).rejects.toMatchObject({
      code: 'engine.unusable',
      where: expect.stringContaining('native: its library is not there; webgpu:'),
    })
  })

  it('refuses unknown names, impossible threads and goes no further when aborted', async () => {
    await expect(openEngine({ backend: 'abacus' as 'cpu' })).rejects.toMatchObject({ code: 'engine.unknown' })
    for (const threads of [0, 1.5, Number.NaN])
      await expect(openEngine({ threads })).rejects.toMatchObject({ code: 'engine.threads', where: 'threads' })
    const reason = new Error('stop')
    await expect(openEngine({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })

  it('reads MS_THREADS', async () => {
    const before = process.env['MS_THREADS']
    try {
      process.env['MS_THREADS'] = '2'
      expect((await open({ backend: 'wasm' })).threads).toBe(2)
      process.env['MS_THREADS'] = 'many'
      await expect(openEngine({ backend: 'cpu' })).rejects.toMatchObject({ code: 'engine.threads', where: 'MS_THREADS' })
    } finally {
      if (before === undefined) delete process.env['MS_THREADS']
      else process.env['MS_THREADS'] = before
    }
  })
})

describe('diagnose', () => {
  it('tries all, measures those that work, and gives plain data', async () => {
    const diagnosis = await diagnose({
      threads: 1,
      candidates: [absent, { name: 'wasm', open: (options) => openEngine({ ...options, backend: 'wasm' }) }],
    })
    expect(JSON.parse(JSON.stringify(diagnosis))).toEqual(diagnosis)
    const [first, second] = diagnosis.engines
    expect(first).toEqual({ name: 'native', usable: false, reason: 'its library is not there' })
    expect(second).toMatchObject({ name: 'wasm', usable: true, threads: 1 })
    expect(second.gflops).toBeGreaterThan(0.1)
    expect(second.stepSeconds).toBeGreaterThan(0)
    expect(diagnosis).toMatchObject({ best: 'wasm', simd: true, node: process.version, tensorflow: '4.22.0', threadsWanted: 1 })
    expect(diagnosis.advice).toMatch(/[.]$/)
  })

  it('has no best engine where none works', async () => {
    const diagnosis = await diagnose({ candidates: [absent] })
    expect(diagnosis).not.toHaveProperty('best')
    expect(diagnosis.advice).toContain('No engine works')
  })
})
