import { seededRandom } from '@ms/core'
import type { HostTensor, Inputs, Parameters, TensorFunction } from '@ms/core/tensor'
import * as tf from '@tensorflow/tfjs-core'
import {
  avgPool2d,
  batchNorm,
  batchNormTraining,
  conv2d,
  conv2dBatchNorm,
  globalAveragePool,
  hardSigmoid,
  hardSwish,
  maxPool2d,
  relu6,
  silu,
  softmaxCrossEntropy,
} from '../../ops/index.js'

const classes = 4

const filters: Readonly<Record<string, readonly [out: number, depth: number, size: number]>> = {
  stem: [16, 3, 3],
  depthwise: [16, 1, 3],
  pointwise: [16, 16, 1],
  grouped: [32, 8, 3],
  down: [16, 32, 1],
  odd: [24, 16, 3],
}

/** Weights of a network that has a bit of every family, and the statistics that do not change. */
export function tinyCnnWeights(seed = 3): { trainable: Parameters; constants: Parameters } {
  const random = seededRandom(seed)
  const trainable = new Map<string, HostTensor<Float32Array>>()
  const constants = new Map<string, HostTensor<Float32Array>>()
  const draw = (shape: readonly number[], value: () => number): HostTensor<Float32Array> => ({
    shape,
    data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, value),
  })
  for (const [name, [out, depth, size]] of Object.entries(filters)) {
    const deviation = Math.sqrt(2 / (depth * size * size))
    trainable.set(
      `${name}.weight`,
      draw([out, depth, size, size], () => deviation * random.normal()),
    )
    trainable.set(
      `${name}.scale`,
      draw([out], () => 1 + 0.1 * random.normal()),
    )
    trainable.set(
      `${name}.offset`,
      draw([out], () => 0.1 * random.normal()),
    )
    constants.set(
      `${name}.mean`,
      draw([out], () => 0.1 * random.normal()),
    )
    constants.set(
      `${name}.variance`,
      draw([out], () => 1 + 0.5 * random.uniform()),
    )
  }
  trainable.set(
    'squeeze',
    draw([32, 16], () => 0.2 * random.normal()),
  )
  trainable.set(
    'excite',
    draw([16, 32], () => 0.2 * random.normal()),
  )
  trainable.set(
    'head',
    draw([24, classes], () => 0.3 * random.normal()),
  )
  return { trainable, constants }
}

/** Convolutions of all kinds, batch norm of both kinds, pools, a residual, squeeze and excite. */
export const tinyCnnLoss: TensorFunction<{ loss: tf.Scalar; scores: tf.Tensor2D }> = (weights, { x, labels }) => {
  const of = (name: string) => weights.get(name)
  const filter = (name: string) => of(`${name}.weight`) as tf.Tensor4D
  const matrix = (name: string) => of(name) as tf.Tensor2D
  const learned = (name: string) => ({ scale: of(`${name}.scale`), offset: of(`${name}.offset`), epsilon: 1e-3 })
  const frozen = (name: string) => ({ ...learned(name), mean: of(`${name}.mean`), variance: of(`${name}.variance`) })

  const stem = hardSwish(conv2dBatchNorm(x as tf.Tensor4D, filter('stem'), { stride: 2, padding: 1 }, frozen('stem')))
  const deep = relu6(batchNormTraining(conv2d(stem, filter('depthwise'), { padding: 1, groups: 16 }), learned('depthwise')).value)
  const block = tf.relu(tf.add<tf.Tensor4D>(conv2dBatchNorm(deep, filter('pointwise'), {}, frozen('pointwise')), stem))
  const pooled = maxPool2d(block, { size: 3, stride: 2, padding: 1 })
  const wide = silu(batchNorm(conv2d(pooled, filter('grouped'), { padding: 'same', groups: 2 }), frozen('grouped')))
  const gate = hardSigmoid(tf.matMul(tf.relu(tf.matMul(globalAveragePool(wide), matrix('squeeze'))), matrix('excite')))
  const gated = tf.mul(wide, tf.reshape(gate, [-1, 1, 1, 32])) as tf.Tensor4D
  const down = tf.relu(batchNormTraining(conv2d(gated, filter('down'), { stride: 2 }), learned('down')).value)
  const side = avgPool2d(block, { size: 3, stride: 4, padding: 1 })
  const last = tf.relu(conv2dBatchNorm(tf.add<tf.Tensor4D>(down, side), filter('odd'), { padding: 2, dilation: 2 }, frozen('odd')))
  const scores = tf.matMul<tf.Tensor2D>(globalAveragePool(last), matrix('head'))
  return { loss: tf.mean(softmaxCrossEntropy(scores, labels as tf.Tensor1D)), scores }
}

export function tinyCnnBatch(batch: number, seed: number): Inputs {
  const random = seededRandom(100 + seed)
  return {
    x: { shape: [batch, 12, 12, 3], data: Float32Array.from({ length: batch * 12 * 12 * 3 }, () => random.normal()) },
    labels: { shape: [batch], data: Int32Array.from({ length: batch }, () => random.integer(classes)) },
  }
}
