import { MsError } from '@ms/core'
import type { Loss } from '@ms/core/tensor'
import { l2Normalize } from '@ms/runtime'
import * as tf from '@tensorflow/tfjs-core'
import { sameClass } from './same-class.js'

export interface SupervisedContrastiveOptions {
  /** Default: 0.1. */
  temperature?: number
  /** Examples of a class in a batch. Default: 4. */
  perClass?: number
}

/** Added to a logit that must not count. */
const never = -1e9

/**
 * Supervised contrastive learning (Khosla et al. 2020, L_out; SupConLoss of pytorch-metric-learning), P(i) being the other items of the
 * class of i in the batch:
 *
 *   loss = mean over i of −1/|P(i)| Σ_{p ∈ P(i)} log( exp(cos(zᵢ, z_p) / t) / Σ_{a ≠ i} exp(cos(zᵢ, z_a) / t) )
 *
 * An item that is alone of its class in the batch does not count.
 *
 * @throws `loss.option` for a temperature that is not above 0
 */
export function supervisedContrastive({ temperature = 0.1, perClass = 4 }: SupervisedContrastiveOptions = {}): Loss {
  if (!(temperature > 0 && Number.isFinite(temperature)))
    throw new MsError('loss.option', `the temperature is ${temperature}`, { where: 'temperature', advice: 'Give a number above 0.' })
  return {
    name: `supervised-contrastive(temperature ${temperature})`,
    columns: 'labelled',
    perClass,
    inputs: ({ labels = [] }) => {
      const { positive } = sameClass(labels)
      const count = labels.length
      const self = new Float32Array(count * count)
      const weight = new Float32Array(count * count)
      const sizes = labels.map((label) => labels.filter((other) => other === label).length - 1)
      const anchors = sizes.filter((size) => size > 0).length
      for (let i = 0; i < count; i++) {
        self[i * count + i] = never
        for (let j = 0; j < count; j++) {
          if (sizes[i] > 0) weight[i * count + j] = positive.data[i * count + j] / (sizes[i] * anchors)
        }
      }
      return { self: { shape: [count, count], data: self }, weight: { shape: [count, count], data: weight } }
    },
    compute: ({ embeddings: [items], inputs: { self, weight } }) => {
      const unit = l2Normalize(items)
      const logits = tf.add(tf.div(tf.matMul(unit, unit, false, true), temperature), self)
      const largest = tf.max(logits, 1, true)
      const shifted = tf.sub(logits, largest)
      const logSum = tf.log(tf.sum(tf.exp(shifted), 1, true))
      return tf.neg(tf.sum(tf.mul(tf.sub(shifted, logSum), weight))) as tf.Scalar
    },
  }
}
