import { MsError } from '@ms/core'
import type { Inputs, Loss, LossExamples } from '@ms/core/tensor'
import { l2Normalize, softmaxCrossEntropy } from '@ms/runtime'
import * as tf from '@tensorflow/tfjs-core'

export interface MultipleNegativesRankingOptions {
  /** Factor of the cosines, the inverse of a temperature. Default: 20. */
  scale?: number
  /** Also asks for the right anchor among all anchors, and takes the mean of both. Default: false. */
  symmetric?: boolean
  /** The scale is learned, too, as CLIP's: its logarithm is a weight of the loss, and it never exceeds 100. Default: false. */
  learnScale?: boolean
}

/** A learned scale's logarithm; CLIP's own name for it. */
const logScaleName = 'logit_scale'
/** CLIP lets its scale grow no further. */
const largestScale = 100

/** Added to a logit that must not count. */
const never = -1e9

/**
 * In-batch negatives (Henderson et al. 2017; InfoNCE of van den Oord et al. 2018; MultipleNegativesRankingLoss of sentence-transformers):
 *
 *   loss = mean over i of −log( exp(s · cos(aᵢ, pᵢ)) / Σⱼ exp(s · cos(aᵢ, cⱼ)) )
 *
 * where the candidates cⱼ are all positives of the batch and all hard negatives (columns from the third on of triplets). Where a pair has more
 * columns, each holds something that is right for the anchor, as a picture and the words beside it: the loss is the mean of what it is for each
 * of them, with candidates of its own column. A candidate that is known
 * to be right for anchor i under another number (it equals pᵢ, or it is the positive of an equal anchor, here or in any other batch) or is
 * the anchor's own text is never its negative.
 *
 * @example
 * ```ts
 * import { multipleNegativesRanking } from '@ms/finetune'
 * const loss = multipleNegativesRanking({ scale: 20 })
 * ```
 * @throws `loss.option` for a scale that is not above 0, or above 100 where it is learned
 */
export function multipleNegativesRanking(options: MultipleNegativesRankingOptions = {}): Loss {
  const { scale = 20, symmetric = false, learnScale = false } = options
  if (!(scale > 0 && Number.isFinite(scale)))
    throw new MsError('loss.option', `the scale is ${scale}`, { where: 'scale', advice: 'Give a number above 0.' })
  if (learnScale && scale > largestScale)
    throw new MsError('loss.option', `a learned scale begins at ${largestScale} at most, not at ${scale}`, { where: 'scale' })
  return {
    name: `multiple-negatives-ranking(${learnScale ? 'learned ' : ''}scale ${scale}${symmetric ? ', symmetric' : ''})`,
    columns: 'pair',
    ...(learnScale ? { parameters: new Map([[logScaleName, { shape: [1], data: Float32Array.of(Math.log(scale)) }]]) } : {}),
    inputs: (examples) => {
      if (examples.kind === 'pair' && examples.keys.length > 2) return viewInputs(examples, symmetric)
      const { forward, backward } = sameMasks(examples)
      const batch = examples.keys[0].length
      const candidates = forward.length / batch
      return {
        mask: { shape: [batch, candidates], data: forward },
        ...(symmetric ? { backward_mask: { shape: [batch, batch], data: backward } } : {}),
      }
    },
    compute: ({ embeddings, inputs, weights }) => {
      const [anchors, ...others] = embeddings.map((each) => l2Normalize(each))
      const batch = anchors.shape[0]
      const factor = learnScale ? tf.exp(tf.minimum(weights.get(logScaleName), Math.log(largestScale))) : scale
      const right = tf.range(0, batch, 1, 'int32')
      const direction = (from: tf.Tensor2D, to: tf.Tensor2D, { mask, weight }: { mask: tf.Tensor; weight?: tf.Tensor }) => {
        const each = softmaxCrossEntropy(tf.add(tf.mul(tf.matMul(from, to, false, true), factor), mask) as tf.Tensor2D, right)
        return weight ? tf.sum(tf.mul(each, weight)) : tf.mean(each)
      }
      const towards = (positives: tf.Tensor2D, candidates: tf.Tensor2D, view = '') => {
        const weight = view === '' ? undefined : inputs[`weight${view}`]
        const forward = direction(anchors, candidates, { mask: inputs[`mask${view}`], weight })
        if (!symmetric) return forward
        return tf.mul(tf.add(forward, direction(positives, anchors, { mask: inputs[`backward_mask${view}`], weight })), 0.5)
      }
      if (inputs.mask) return towards(others[0], others.length === 1 ? others[0] : tf.concat2d([...others], 0)) as tf.Scalar
      return tf.mean(tf.stack(others.map((each, i) => towards(each, each, viewName(i))))) as tf.Scalar
    },
  }
}

/** Stands behind the names of what belongs to one of several positives. */
const viewName = (view: number) => `_${view + 1}`

/**
 * Masks for each of several positives, and what its rows count, `[batch]`: the same for all that have it, 1 together. What an example has not is
 * no candidate of the others.
 */
function viewInputs({ keys, positives }: LossExamples, symmetric: boolean): Inputs {
  const [anchors, ...views] = keys
  const batch = anchors.length
  return Object.fromEntries(
    views.flatMap((view, v) => {
      const { forward, backward } = sameMasks({ keys: [anchors, view], positives })
      const present = view.filter((key) => key !== '').length
      const weight = Float32Array.from(view, (key) => (key === '' ? 0 : 1 / present))
      for (let i = 0; i < batch; i++) {
        for (let j = 0; j < batch; j++) if (j !== i && view[j] === '') forward[i * batch + j] = never
      }
      const name = viewName(v)
      return [
        [`mask${name}`, { shape: [batch, batch], data: forward }],
        [`weight${name}`, { shape: [batch], data: weight }],
        ...(symmetric ? [[`backward_mask${name}`, { shape: [batch, batch], data: backward }] as const] : []),
      ] as const
    }),
  )
}

/**
 * `forward [batch, candidates]`: 0, or −1e9 where a candidate would be a false negative of an anchor; `backward [batch, batch]`: the same
 * for the anchors as candidates of the positives.
 */
function sameMasks({ keys, positives: known }: LossExamples): { forward: Float32Array; backward: Float32Array } {
  const [anchors, positives] = keys
  const batch = anchors.length
  const candidates = keys.slice(1).flat()
  const forward = new Float32Array(batch * candidates.length)
  const backward = new Float32Array(batch * batch)
  /** Everything that is right for an anchor's text in this batch, and the text itself. */
  const right = new Map<string, Set<string>>()
  const asked = new Map<string, Set<string>>()
  const enter = (map: Map<string, Set<string>>, key: string, value: string) => {
    const known = map.get(key) ?? new Set([key])
    map.set(key, known.add(value))
  }
  for (let i = 0; i < batch; i++) {
    enter(right, anchors[i], positives[i])
    enter(asked, positives[i], anchors[i])
  }
  for (let i = 0; i < batch; i++) {
    const here = right.get(anchors[i])
    const anywhere = known?.get(anchors[i])
    for (let j = 0; j < candidates.length; j++) {
      if (j !== i && (here?.has(candidates[j]) || anywhere?.has(candidates[j]))) forward[i * candidates.length + j] = never
    }
    const askers = asked.get(positives[i])
    for (let j = 0; j < batch; j++) {
      if (j !== i && (askers?.has(anchors[j]) || known?.get(anchors[j])?.has(positives[i]))) backward[i * batch + j] = never
    }
  }
  return { forward, backward }
}
