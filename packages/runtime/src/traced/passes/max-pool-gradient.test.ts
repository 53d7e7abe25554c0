import type { HostTensor } from '@ms/core/tensor'
import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { registerGradients } from '../../eager/register-gradients.js'
import { maxPool2d, type Pool2dOptions } from '../../ops/index.js'
import type { GraphRuntime } from '../node/graph-session.js'
import { openOrtRuntime } from '../node/ort-runtime.js'
import { lower } from '../onnx/lower.js'
import { record } from '../record.js'
import { optimise, type PoolGradient } from './optimise.js'

const runtime = await openOrtRuntime({ threads: 1 }).catch((): GraphRuntime | undefined => undefined)

/** Many equal values, so that which one of them gets the gradient shows. */
const x: HostTensor<Float32Array> = {
  shape: [2, 7, 6, 3],
  data: Float32Array.from({ length: 2 * 7 * 6 * 3 }, (_, i) => Math.round(2 * Math.sin(7 * i))),
}

describe.skipIf(!runtime)('gradient of max pooling (needs onnxruntime-node)', () => {
  beforeAll(registerGradients)

  const gradient = async (options: Pool2dOptions, poolGradient: PoolGradient) => {
    const graph = record(
      (weights) => {
        const y = maxPool2d(weights.get('x') as tf.Tensor4D, options)
        return { loss: tf.sum(tf.mul(tf.reshape(y, [-1]), tf.range(1, y.size + 1))) }
      },
      { inputs: {}, constants: new Map(), trainable: new Map([['x', x.shape]]) },
    )
    const model = lower(optimise(graph, { poolGradient }), { symbols: [], weight: () => new Float32Array() })
    const session = await runtime!.load(model, new Map())
    const { results } = await session.run(new Map([['trainable:x', x]]))
    await session.release()
    return { ops: model.nodes.map(({ op }) => op), dx: results.get('gradient:x') }
  }

  it.each([
    [{ size: 2 }],
    [{ size: 3, stride: 2, padding: 1 }],
    [{ size: [3, 2], stride: [1, 2], padding: [1, 0] }],
    [{ size: 2, stride: 3 }],
    [{ size: 3, stride: 2, ceil: true }],
  ] as [Pool2dOptions][])('is the same by indices and by comparison: %j', async (options) => {
    const [indices, comparison] = [await gradient(options, 'indices'), await gradient(options, 'comparison')]
    expect(indices.ops).toContain('ScatterElements')
    expect(comparison.ops).not.toContain('ScatterElements')
    expect(comparison.dx).toEqual(indices.dx)
  })
})
