import { MsError, seededRandom } from '@ms/core'
import type { HostTensor, Loss } from '@ms/core/tensor'
import { l2Normalize, softmaxCrossEntropy } from '@ms/runtime'
import * as tf from '@tensorflow/tfjs-core'

export interface SoftmaxClassifierOptions {
  /** Labels of all examples; its classes are the different ones. */
  labels: readonly string[]
  /** Width of the embeddings. */
  dim: number
  /** Length that the embeddings are scaled to before the classifier: of unit length they cannot tell classes apart. Default: 16. */
  scale?: number
  /** Draws the classifier's first weights. Default: 1. */
  seed?: number
}

/**
 * Cross-entropy of a linear classifier on normalised embeddings, the classifier being trained with the rest and left behind at the end:
 *
 *   loss = mean of −log softmax(W · scale · z / ‖z‖ + b)[class]
 *
 * Of mixed items (mixup, Zhang et al. 2018) it is the mean of the two classes' loss, weighted with their shares.
 *
 * Its weights begin as those of torch.nn.Linear do, uniform within ±1/√dim.
 *
 * @throws `loss.option` for fewer than two classes or a scale that is not above 0; while training `loss.label` for an unknown class
 */
export function softmaxClassifier({ labels, dim, scale = 16, seed = 1 }: SoftmaxClassifierOptions): Loss {
  const classes = new Map([...new Set(labels)].sort().map((label, i) => [label, i]))
  if (classes.size < 2) throw new MsError('loss.option', 'there is nothing to classify: all labels are the same', { where: 'labels' })
  if (!(scale > 0 && Number.isFinite(scale)))
    throw new MsError('loss.option', `the scale is ${scale}`, { where: 'scale', advice: 'Give a number above 0.' })
  const random = seededRandom(seed, '/softmax-classifier')
  const bound = 1 / Math.sqrt(dim)
  const uniform = (...shape: number[]): HostTensor<Float32Array> => ({
    shape,
    data: Float32Array.from({ length: shape.reduce((product, n) => product * n, 1) }, () => (2 * random.uniform() - 1) * bound),
  })
  return {
    name: `softmax-classifier(${classes.size} classes, scale ${scale})`,
    columns: 'labelled',
    mixes: true,
    parameters: new Map([
      ['classifier.weight', uniform(classes.size, dim)],
      ['classifier.bias', uniform(classes.size)],
    ]),
    inputs: ({ labels: given = [], mix }) => {
      const targets = Int32Array.from(given, (label) => {
        const target = classes.get(label)
        if (target !== undefined) return target
        throw new MsError('loss.label', `the class ${JSON.stringify(label)} was not among the labels of the classifier`, {
          where: 'labels',
        })
      })
      const shape = [targets.length]
      const wanted = { targets: { shape, data: targets } }
      if (!mix) return wanted
      const partners = Int32Array.from(mix.partners, (partner) => targets[partner])
      return { ...wanted, partners: { shape, data: partners }, shares: { shape, data: mix.shares } }
    },
    compute: ({ embeddings: [items], inputs, weights }) => {
      const scaled = tf.mul(l2Normalize(items), scale)
      const product = tf.matMul(scaled as tf.Tensor2D, weights.get('classifier.weight') as tf.Tensor2D, false, true)
      const logits: tf.Tensor2D = tf.add(product, weights.get('classifier.bias'))
      const lossOf = (targets: string) => softmaxCrossEntropy(logits, inputs[targets] as tf.Tensor1D)
      const { shares } = inputs
      if (!shares) return tf.mean(lossOf('targets')) as tf.Scalar
      return tf.mean(tf.add(tf.mul(shares, lossOf('targets')), tf.mul(tf.sub(1, shares), lossOf('partners')))) as tf.Scalar
    },
  }
}
