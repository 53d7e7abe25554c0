import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { promisify } from 'node:util'
import * as tf from '@tensorflow/tfjs-core'
import { describe, expect, it } from 'vitest'
import { bertShapedStep } from '../diagnosis/bert-shaped-step.js'
import { createEagerEngine } from '../eager/create-eager-engine.js'
import { openNodeWasmEngine } from './open-wasm-engine.js'

const built = new URL('../../dist/node/index.js', import.meta.url)
const shape = { layers: 1, width: 96, heads: 4, inner: 200, vocabulary: 30, batch: 5, tokens: 27 }

describe('the wasm engine with threads', () => {
  it('computes what one thread computes', async () => {
    const { fn, parameters, inputs } = bertShapedStep(shape)
    const options = { constants: new Map(), trainable: [...parameters.keys()] }
    const results = []
    for (const open of [
      () => createEagerEngine({ backend: 'wasm' }),
      () => openNodeWasmEngine({ threads: 2 }),
      () => openNodeWasmEngine({ threads: 3 }),
    ]) {
      const engine = await open()
      const step = await engine.differentiate(fn, options)
      results.push({ threads: engine.threads, ...(await step.run(inputs, parameters)) })
      await engine.dispose()
    }
    expect(results.map(({ threads }) => threads)).toEqual([1, 2, 3])
    for (const { outputs, gradients } of results.slice(1)) {
      expect(outputs.loss).toEqual(results[0].outputs.loss)
      for (const [name, gradient] of results[0].gradients) {
        // The order of additions within a number does not depend on how the work is cut.
        expect(Buffer.compare(Buffer.from(gradient.data.buffer), Buffer.from(gradients.get(name)!.data.buffer)), name).toBe(0)
      }
    }
  })

  it('hands work over thousands of times without losing any', async () => {
    const engine = await openNodeWasmEngine({ threads: 2 })
    const compiled = await engine.compile(
      (_, { x }) => {
        let y = x
        for (let at = 0; at < 250; at++) y = tf.matMul(y, x)
        return { y }
      },
      { constants: new Map() },
    )
    // A permutation of order 128, shifted by 1 + 250 steps.
    const x = { shape: [128, 128], data: new Float32Array(128 * 128) }
    for (let row = 0; row < 128; row++) x.data[row * 128 + ((row + 1) % 128)] = 1
    for (let run = 0; run < 12; run++) {
      const { y } = await compiled.run({ x })
      for (let row = 0; row < 128; row++) expect(y.data[row * 128 + ((row + 251) % 128)]).toBe(1)
    }
    await engine.dispose()
  })

  it('leaves the process as it was: no global Worker, no listeners for uncaught errors', async () => {
    const listeners = () => [process.listeners('uncaughtException'), process.listeners('unhandledRejection')]
    const [before, worker] = [listeners(), Object.getOwnPropertyDescriptor(globalThis, 'Worker')]
    for (const threads of [1, 2]) {
      const engine = await openNodeWasmEngine({ threads })
      expect(listeners()).toEqual(before)
      expect(Object.getOwnPropertyDescriptor(globalThis, 'Worker')).toEqual(worker)
      await engine.dispose()
    }
    expect(listeners()).toEqual(before)
  })

  it('a second engine shares the threads of the first', async () => {
    const first = await openNodeWasmEngine({ threads: 2 })
    const second = await openNodeWasmEngine({ threads: 1 })
    expect(second.threads).toBe(2)
    await first.dispose()
    const compiled = await second.compile(() => ({ y: tf.matMul(tf.ones([200, 200]), tf.ones([200, 200])) }), { constants: new Map() })
    expect((await compiled.run({})).y.data.every((value) => value === 200)).toBe(true)
    await second.dispose()
  })

  // A child runs what `pnpm build` made: `pnpm test` builds first.
  it.skipIf(!existsSync(built)).each([
    ['after dispose', 'await engine.dispose()', 0],
    ['without dispose', '', 0],
    ['with process.exit', 'process.exit(3)', 3],
    ['with an error', 'throw new RangeError("its own")', 1],
  ])('lets the process end %s', async (_, end, code) => {
    const script = `
      import { openEngine } from ${JSON.stringify(built.href)}
      const engine = await openEngine({ backend: 'wasm', threads: 2 })
      ${end}`
    const run = promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], { timeout: 60_000 })
    const ended = await run.then(
      () => ({ code: 0, stderr: '' }),
      (error: { code: number; stderr: string }) => error,
    )
    expect(ended.code, ended.stderr).toBe(code)
    if (code !== 1) expect(ended.stderr).toBe('')
    else expect(ended.stderr).toContain('RangeError: its own')
  })
})
