import type { HostTensor } from '@ms/core/tensor'
import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { registerGradients } from '../../eager/register-gradients.js'
import type { GraphRuntime } from '../node/graph-session.js'
import { openOrtRuntime } from '../node/ort-runtime.js'
import { lower } from '../onnx/lower.js'
import { record } from '../record.js'
import { optimise } from './optimise.js'

const runtime = await openOrtRuntime({ threads: 1 }).catch((): GraphRuntime | undefined => undefined)

const some = (shape: readonly number[], seed: number): HostTensor<Float32Array> => ({
  shape,
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => Math.sin(i + seed)),
})

/** A linear layer `[columns, 40]` and its gradients. */
async function layer(rows: number, { columns = 300, frozen = false, bias = false, turn = true } = {}) {
  const tensors = new Map([
    ['x', some([rows, 40], 1)],
    ['weight', some([columns, 40], 2)],
    ['bias', some([columns], 3)],
  ])
  const constants = new Map([...tensors].filter(([name]) => frozen && name === 'weight'))
  const trainable = new Map([...tensors].filter(([name]) => !constants.has(name) && (bias || name !== 'bias')))
  const graph = record(
    (weights) => {
      const product = tf.matMul(weights.get('x') as tf.Tensor2D, weights.get('weight') as tf.Tensor2D, false, true)
      return { loss: tf.sum(tf.square(bias ? tf.add(product, weights.get('bias')) : product)) }
    },
    {
      inputs: {},
      constants: new Map([...constants].map(([name, { shape }]) => [name, shape])),
      trainable: new Map([...trainable].map(([name, { shape }]) => [name, shape])),
    },
  )
  const model = lower(optimise(graph, turn ? { sizes: [] } : {}), { symbols: [], weight: (name) => constants.get(name)!.data })
  const session = await runtime!.load(model, new Map())
  const { results } = await session.run(new Map([...trainable].map(([name, value]) => [`trainable:${name}`, value])))
  await session.release()
  return { ops: model.nodes.map(({ op }) => op), results }
}

describe.skipIf(!runtime)('products of few rows (needs onnxruntime-node)', () => {
  beforeAll(registerGradients)

  it.each([{}, { bias: true }])('are the same when they are turned: %j', async (options) => {
    const [turned, plain] = [await layer(32, options), await layer(32, { ...options, turn: false })]
    expect(turned.ops).toContain('MatMul')
    expect(plain.ops).not.toContain('MatMul')
    expect([...turned.results.keys()]).toEqual([...plain.results.keys()])
    for (const [name, { shape, data }] of plain.results) {
      const got = turned.results.get(name)!
      expect(got.shape).toEqual(shape)
      const largest = Math.max(...Array.from(data, Math.abs))
      for (const [i, value] of data.entries()) expect(Math.abs(got.data[i] - value)).toBeLessThanOrEqual(1e-5 * largest)
    }
  })

  it.each([
    ['of fewer rows', 4, {}],
    ['of many rows', 128, { columns: 1000 }],
    ['of few columns', 32, { columns: 100 }],
    ['with a constant', 32, { frozen: true }],
  ] as const)('stay as they are %s', async (_, rows, options) => {
    expect((await layer(rows, options)).ops).not.toContain('MatMul')
  })
})
