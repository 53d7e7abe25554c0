import { seededRandom } from '@ms/core'
import type { HostTensor, Inputs, Parameters, TensorFunction } from '@ms/core/tensor'
import * as tf from '@tensorflow/tfjs-core'
import { gatherRows, gelu, l2Normalize, layerNorm, softmax } from '../ops/index.js'

export interface BertShape {
  readonly layers: number
  readonly width: number
  readonly heads: number
  readonly inner: number
  readonly vocabulary: number
  readonly batch: number
  readonly tokens: number
}

/** The shape of all-MiniLM-L6-v2, but for its vocabulary. */
export const miniLmShape: BertShape = { layers: 6, width: 384, heads: 12, inner: 1536, vocabulary: 1000, batch: 8, tokens: 32 }

export interface BertShapedStep {
  readonly fn: TensorFunction<{ loss: tf.Scalar; embeddings: tf.Tensor2D }>
  readonly parameters: Parameters
  readonly inputs: Inputs
}

/** A transformer encoder with random weights and an in-batch loss: the work of one training step, to be timed. */
export function bertShapedStep(shape: BertShape): BertShapedStep {
  const { layers, width, heads, inner, vocabulary, batch, tokens } = shape
  const random = seededRandom(1)
  const parameters = new Map<string, HostTensor<Float32Array>>()
  const add = (name: string, dims: readonly number[], fill?: number) => {
    const data = new Float32Array(dims.reduce((product, dim) => product * dim, 1))
    for (let at = 0; at < data.length; at++) data[at] = fill ?? 0.05 * random.normal()
    parameters.set(name, { shape: dims, data })
  }
  const addNorm = (name: string) => {
    add(`${name}.gamma`, [width], 1)
    add(`${name}.beta`, [width], 0)
  }
  const addDense = (name: string, out: number, into: number) => {
    add(`${name}.weight`, [out, into])
    add(`${name}.bias`, [out], 0)
  }
  add('tokens', [vocabulary, width])
  add('positions', [tokens, width])
  addNorm('embeddings')
  for (let layer = 0; layer < layers; layer++) {
    for (const name of ['query', 'key', 'value', 'output']) addDense(`${layer}.${name}`, width, width)
    addNorm(`${layer}.attention`)
    addDense(`${layer}.up`, inner, width)
    addDense(`${layer}.down`, width, inner)
    addNorm(`${layer}.ffn`)
  }
  const ids = Int32Array.from({ length: batch * tokens }, () => random.integer(vocabulary))

  const fn: BertShapedStep['fn'] = (weights, inputs) => {
    const dense = (x: tf.Tensor, name: string) =>
      tf.add(tf.matMul(x as tf.Tensor2D, weights.get(`${name}.weight`) as tf.Tensor2D, false, true), weights.get(`${name}.bias`))
    const norm = (x: tf.Tensor, name: string) => layerNorm(x, weights.get(`${name}.gamma`), weights.get(`${name}.beta`), 1e-12)
    const split = (x: tf.Tensor) => tf.transpose(tf.reshape(x, [batch, tokens, heads, width / heads]), [0, 2, 1, 3])
    const words = gatherRows(weights.get('tokens') as tf.Tensor2D, inputs['ids'])
    let x = norm(tf.reshape(tf.add(words, weights.get('positions')), [batch * tokens, width]), 'embeddings')
    for (let layer = 0; layer < layers; layer++) {
      const [query, key, value] = ['query', 'key', 'value'].map((name) => split(dense(x, `${layer}.${name}`)))
      const attention = softmax(tf.mul(tf.matMul(query, key, false, true), 1 / Math.sqrt(width / heads)))
      const context = tf.reshape(tf.transpose(tf.matMul(attention, value), [0, 2, 1, 3]), [batch * tokens, width])
      x = norm(tf.add(x, dense(context, `${layer}.output`)), `${layer}.attention`)
      x = norm(tf.add(x, dense(gelu(dense(x, `${layer}.up`)), `${layer}.down`)), `${layer}.ffn`)
    }
    const embeddings = l2Normalize(tf.mean(tf.reshape(x, [batch, tokens, width]), 1)) as tf.Tensor2D
    const scores = tf.mul(tf.matMul(embeddings, embeddings, false, true), 4)
    return { loss: tf.mean(tf.sub(tf.logSumExp(scores, -1), 4)) as tf.Scalar, embeddings }
  }
  return { fn, parameters, inputs: { ids: { shape: [batch, tokens], data: ids } } }
}
