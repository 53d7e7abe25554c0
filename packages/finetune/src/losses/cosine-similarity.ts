import type { Loss, LossExamples } from '@ms/core/tensor'
import { l2Normalize } from '@ms/runtime'
import * as tf from '@tensorflow/tfjs-core'

const scoresOf = ({ keys, scores = [] }: LossExamples) => Float32Array.from(keys[0], (_, i) => scores[i])
const cosines = (a: tf.Tensor2D, b: tf.Tensor2D) => tf.sum(tf.mul(l2Normalize(a), l2Normalize(b)), -1)

/** loss = mean of (cos(a, b) − score)², for pairs whose wanted similarity is known (CosineSimilarityLoss of sentence-transformers). */
export function cosineSimilarityLoss(): Loss {
  return {
    name: 'cosine-similarity',
    columns: 'scored-pair',
    inputs: (examples) => ({ scores: { shape: [examples.keys[0].length], data: scoresOf(examples) } }),
    compute: ({ embeddings: [a, b], inputs }) => tf.mean(tf.square(tf.sub(cosines(a, b), inputs.scores))) as tf.Scalar,
  }
}

export interface CosentOptions {
  /** Default: 20. */
  scale?: number
}

/**
 * loss = log(1 + Σ exp(s · (cosⱼ − cosᵢ))) over all pairs of examples with scoreᵢ > scoreⱼ: only the order of the scores counts
 * (CoSENT, Su 2022; CoSENTLoss of sentence-transformers).
 */
export function cosentLoss({ scale = 20 }: CosentOptions = {}): Loss {
  return {
    name: `cosent(scale ${scale})`,
    columns: 'scored-pair',
    inputs: (examples) => {
      const scores = scoresOf(examples)
      const batch = scores.length
      const mask = Float32Array.from({ length: batch * batch }, (_, at) => (scores[at % batch] > scores[Math.floor(at / batch)] ? 0 : -1e9))
      return { mask: { shape: [batch, batch], data: mask } }
    },
    compute: ({ embeddings: [a, b], inputs }) => {
      const scaled = tf.mul(cosines(a, b), scale)
      const differences = tf.add(tf.sub(tf.expandDims(scaled, 1), tf.expandDims(scaled, 0)), inputs.mask)
      return tf.logSumExp(tf.concat([tf.zeros([1]), tf.reshape(differences, [-1])])) as tf.Scalar
    },
  }
}
