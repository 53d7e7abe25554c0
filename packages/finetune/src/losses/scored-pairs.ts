import { MsError } from '@ms/core'
import type { Loss, LossExamples } from '@ms/core/tensor'
import * as tf from '@tensorflow/tfjs-core'
import { pairedCosine } from './cosine-matrix.js'

const wanted = ({ scores = [] }: LossExamples) => ({ scores: { shape: [scores.length], data: Float32Array.from(scores) } })

/**
 * The cosine of a pair has to be its score: `mean (cos(a, b) − score)²`. Needs scores from −1 to 1.
 * Reimers and Gurevych 2019; as `CosineSimilarityLoss` of sentence-transformers.
 */
export const cosineSimilarityLoss = (): Loss => ({
  name: 'cosineSimilarityLoss',
  columns: 'scored-pair',
  inputs: wanted,
  compute: ({ embeddings: [a, b], inputs }) => tf.mean(tf.square(tf.sub(pairedCosine(a, b), inputs['scores']))) as tf.Scalar,
})

export interface CosentOptions {
  /** Inverse temperature. Default: 20. */
  scale?: number
}

/**
 * Pairs of higher score have to have a higher cosine than pairs of lower score, whatever the scores' own scale:
 * `log(1 + Σ_{score_i > score_j} exp(s·(cos_j − cos_i)))`.
 *
 * Su 2022 (CoSENT); as `CoSENTLoss` of sentence-transformers.
 *
 * @throws `loss.setting`
 */
export function cosentLoss({ scale = 20 }: CosentOptions = {}): Loss {
  if (!(scale > 0 && Number.isFinite(scale)))
    throw new MsError('loss.setting', `the scale is ${scale}`, { where: 'scale', advice: 'Usual: 20.' })
  return {
    name: 'cosentLoss',
    columns: 'scored-pair',
    inputs: ({ scores = [] }) => {
      const n = scores.length
      const data = new Float32Array(n * n)
      for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) data[i * n + j] = scores[i] > scores[j] ? 0 : -1e9
      return { unordered: { shape: [n, n], data } }
    },
    compute: ({ embeddings: [a, b], inputs }) => {
      const cosines = tf.mul(pairedCosine(a, b), scale)
      const differences = tf.sub(tf.expandDims(cosines, 0), tf.expandDims(cosines, 1))
      const all = tf.reshape(tf.add(differences, inputs['unordered']), [-1])
      return tf.logSumExp(tf.concat([all, tf.zeros([1])])) as tf.Scalar
    },
  }
}
