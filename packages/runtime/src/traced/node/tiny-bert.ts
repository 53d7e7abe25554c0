import { seededRandom } from '@ms/core'
import type { HostTensor, Inputs, Parameters, TensorFunction } from '@ms/core/tensor'
import * as tf from '@tensorflow/tfjs-core'
import { gatherRows, gelu, l2Normalize, layerNorm, softmax, softmaxCrossEntropy } from '../../ops/index.js'

export interface TinyBertOptions {
  readonly layers: number
  readonly width: number
  readonly heads: number
  readonly inner: number
  readonly vocabulary: number
  readonly positions: number
  /** `plain`: TensorFlow.js's own ops; `composite`: the ops of this package. */
  readonly ops: 'plain' | 'composite'
}

export const tinyBertShape: TinyBertOptions = {
  layers: 2,
  width: 32,
  heads: 4,
  inner: 64,
  vocabulary: 97,
  positions: 40,
  ops: 'plain',
}

const plainLayerNorm = (x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor, epsilon: number) => {
  const { mean, variance } = tf.moments(x, -1, true)
  return tf.add(tf.mul(tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, epsilon))), gamma), beta)
}
const plainGelu = (x: tf.Tensor) => tf.mul(tf.mul(x, 0.5), tf.add(1, tf.erf(tf.mul(x, Math.SQRT1_2))))
const plainNormalize = (x: tf.Tensor) => tf.div(x, tf.sqrt(tf.add(tf.sum(tf.square(x), -1, true), 1e-12)))

/** Weights with the checkpoint layout of dense layers, `[out, in]`. */
export function tinyBertWeights({ layers, width, inner, vocabulary, positions }: TinyBertOptions, seed = 1): Parameters {
  const random = seededRandom(seed)
  const weights = new Map<string, HostTensor<Float32Array>>()
  const add = (name: string, shape: readonly number[], draw: () => number) =>
    weights.set(name, { shape, data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, draw) })
  const norm = (name: string) => {
    add(`${name}.gamma`, [width], () => 1 + 0.1 * random.normal())
    add(`${name}.beta`, [width], () => 0.1 * random.normal())
  }
  const dense = (name: string, out: number, into: number) => {
    add(`${name}.weight`, [out, into], () => 0.15 * random.normal())
    add(`${name}.bias`, [out], () => 0.1 * random.normal())
  }
  add('words', [vocabulary, width], () => 0.5 * random.normal())
  add('positions', [positions, width], () => 0.1 * random.normal())
  norm('embeddings')
  for (let layer = 0; layer < layers; layer++) {
    for (const name of ['query', 'key', 'value', 'output']) dense(`${layer}.${name}`, width, width)
    norm(`${layer}.attention`)
    dense(`${layer}.up`, inner, width)
    dense(`${layer}.down`, width, inner)
    norm(`${layer}.ffn`)
  }
  return weights
}

/** `ids`, `mask` [batch, tokens] → mean-pooled unit vectors [batch, width]. */
export function tinyBertEncoder(options: TinyBertOptions) {
  const { layers, width, heads, ops } = options
  const norm = ops === 'plain' ? plainLayerNorm : layerNorm
  const activate = ops === 'plain' ? plainGelu : gelu
  const attend = ops === 'plain' ? tf.softmax : softmax
  const normalize = ops === 'plain' ? plainNormalize : l2Normalize
  return (weights: { get(name: string): tf.Tensor }, ids: tf.Tensor, mask: tf.Tensor): tf.Tensor2D => {
    const [batch, tokens] = ids.shape
    const dense = (x: tf.Tensor, name: string) =>
      tf.add(tf.matMul(x as tf.Tensor2D, weights.get(`${name}.weight`) as tf.Tensor2D, false, true), weights.get(`${name}.bias`))
    const layerNormed = (x: tf.Tensor, name: string) => norm(x, weights.get(`${name}.gamma`), weights.get(`${name}.beta`), 1e-12)
    const split = (x: tf.Tensor) => tf.transpose(tf.reshape(x, [batch, tokens, heads, width / heads]), [0, 2, 1, 3])
    const table = weights.get('words') as tf.Tensor2D
    const words = ops === 'plain' ? tf.gather(table, tf.cast(ids, 'int32')) : gatherRows(table, ids)
    const positions = tf.slice(weights.get('positions'), [0, 0], [tokens, width])
    const bias = tf.reshape(tf.mul(tf.sub(1, mask), -1e9), [batch, 1, 1, tokens])
    let x = layerNormed(tf.reshape(tf.add(words, positions), [batch * tokens, width]), 'embeddings')
    for (let layer = 0; layer < layers; layer++) {
      const [query, key, value] = ['query', 'key', 'value'].map((name) => split(dense(x, `${layer}.${name}`)))
      const scores = tf.mul(tf.matMul(query, key, false, true), 1 / Math.sqrt(width / heads))
      const attention = attend(tf.add(scores, bias))
      const context = tf.reshape(tf.transpose(tf.matMul(attention, value), [0, 2, 1, 3]), [batch * tokens, width])
      x = layerNormed(tf.add(x, dense(context, `${layer}.output`)), `${layer}.attention`)
      x = layerNormed(tf.add(x, dense(activate(dense(x, `${layer}.up`)), `${layer}.down`)), `${layer}.ffn`)
    }
    const each = tf.expandDims(mask, 2)
    const pooled = tf.div(tf.sum(tf.mul(tf.reshape(x, [batch, tokens, width]), each), 1), tf.sum(each, 1))
    return normalize(pooled) as tf.Tensor2D
  }
}

/** The loss of pairs against the other documents of the batch, both ways. */
export function tinyBertLoss(options: TinyBertOptions): TensorFunction<{ loss: tf.Scalar; scores: tf.Tensor2D }> {
  const encode = tinyBertEncoder(options)
  const crossEntropy = (logits: tf.Tensor2D, size: number): tf.Scalar => {
    if (options.ops === 'composite') return tf.mean(softmaxCrossEntropy(logits, tf.range(0, size, 1, 'int32'))) as tf.Scalar
    return tf.neg(tf.mean(tf.sum(tf.mul(tf.eye(size), tf.logSoftmax(logits)), -1))) as tf.Scalar
  }
  return (weights, inputs) => {
    const anchors = encode(weights, inputs['anchor_ids'], inputs['anchor_mask'])
    const positives = encode(weights, inputs['positive_ids'], inputs['positive_mask'])
    const scores = tf.mul(tf.matMul(anchors, positives, false, true), 20) as tf.Tensor2D
    const [size] = scores.shape
    const loss = tf.mul(0.5, tf.add(crossEntropy(scores, size), crossEntropy(tf.transpose(scores), size)))
    return { loss: loss as tf.Scalar, scores }
  }
}

/** A batch of random tokens; each positive is like its anchor. */
export function tinyBertBatch(
  { vocabulary }: TinyBertOptions,
  shape: { batch: number; anchor: number; positive: number },
  seed = 7,
): Inputs {
  const random = seededRandom(seed)
  const { batch, anchor, positive } = shape
  const shared = Array.from({ length: batch }, () => random.integer(vocabulary))
  const tokens = (length: number): HostTensor => ({
    shape: [batch, length],
    data: Int32Array.from({ length: batch * length }, (_, i) =>
      random.uniform() < 0.4 ? shared[Math.floor(i / length)] : random.integer(vocabulary),
    ),
  })
  const mask = (length: number): HostTensor => {
    const data = new Float32Array(batch * length)
    for (let row = 0; row < batch; row++) data.fill(1, row * length, row * length + 1 + random.integer(length))
    return { shape: [batch, length], data }
  }
  return { anchor_ids: tokens(anchor), anchor_mask: mask(anchor), positive_ids: tokens(positive), positive_mask: mask(positive) }
}
