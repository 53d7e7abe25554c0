import { MsError } from '@ms/core'
import * as tf from '@tensorflow/tfjs-core'
import { z } from 'zod'
import { checked } from '../read-json.js'
import type { EncoderModule, ModuleFactory } from './encoder-module.js'

/**
 * How the vectors of a text's tokens, or of a picture's places, become one; named as in sentence-transformers. `gem` is the generalised
 * mean of pictures (Radenović, Tolias and Chum 2018), the third root of the mean of cubes, which only this library reads.
 */
export const poolingModes = ['cls', 'max', 'mean', 'mean_sqrt_len_tokens', 'weightedmean', 'lasttoken', 'gem'] as const
export type PoolingMode = (typeof poolingModes)[number]

/** The older boolean keys, in the order in which they are concatenated. */
const flags: Readonly<Record<Exclude<PoolingMode, 'gem'>, string>> = {
  cls: 'pooling_mode_cls_token',
  max: 'pooling_mode_max_tokens',
  mean: 'pooling_mode_mean_tokens',
  mean_sqrt_len_tokens: 'pooling_mode_mean_sqrt_len_tokens',
  weightedmean: 'pooling_mode_weightedmean_tokens',
  lasttoken: 'pooling_mode_lasttoken',
}

const mode = z.enum(poolingModes)
const schema = z
  .object({
    embedding_dimension: z.int().positive().optional(),
    word_embedding_dimension: z.int().positive().optional(),
    pooling_mode: z.union([mode, z.array(mode).min(1)]).nullish(),
    include_prompt: z.boolean().nullish(),
  })
  .catchall(z.unknown())

export interface PoolingOptions {
  /** One, or several whose results are put side by side. Default: mean. */
  modes?: readonly PoolingMode[]
  /** False: the tokens of the prompt are attended to but not pooled. Default: true. */
  includePrompt?: boolean
}

/**
 * Pools `token_embeddings [batch, tokens, width]` into `sentence_embedding [batch, modes × width]`.
 * A text of which nothing is left to pool gives a zero vector, never NaN.
 *
 * @example
 * ```ts
 * import { pooling } from '@ms/embed'
 * const module = pooling(384, { modes: ['mean', 'max'] })
 * module.widths.sentence_embedding // 768
 * ```
 */
export function pooling(width: number, { modes = ['mean'], includePrompt = true }: PoolingOptions = {}): EncoderModule {
  const flagged = poolingModes.filter((each) => each !== 'gem')
  const inFlagOrder = flagged.filter((each) => modes.includes(each))
  const expressible = inFlagOrder.length === modes.length && inFlagOrder.every((each, i) => each === modes[i])
  return {
    type: 'Pooling',
    config: {
      word_embedding_dimension: width,
      ...Object.fromEntries(flagged.map((each) => [flags[each], modes.includes(each)])),
      include_prompt: includePrompt,
      // The booleans know one order only.
      ...(expressible ? {} : { pooling_mode: modes }),
    },
    shapes: new Map(),
    widths: { token_embeddings: width, sentence_embedding: modes.length * width },
    forward: (features) => {
      const { token_embeddings: tokens, mask, beyondPrompt } = features
      if (!tokens) throw new MsError('encoder.input', 'pooling needs a vector for each token')
      if (!mask) {
        const whole = modes.map((each) => poolAll(each, tokens))
        return { ...features, sentence_embedding: whole.length === 1 ? whole[0] : tf.concat2d(whole, 1) }
      }
      const pooledMask = !includePrompt && beyondPrompt ? tf.mul(mask, beyondPrompt) : mask
      const parts = modes.map((each) => pool(each, tokens, mask, pooledMask as tf.Tensor2D))
      return { ...features, sentence_embedding: parts.length === 1 ? parts[0] : tf.concat2d(parts, 1) }
    },
  }
}

/** Values are raised to the power 3; what is not positive counts as this. */
const [gemPower, gemLeast] = [3, 1e-6]

/** Pools where every vector counts: the places of a picture. @returns `[batch, width]` */
function poolAll(mode: PoolingMode, tokens: tf.Tensor3D): tf.Tensor2D {
  const [batch, length, width] = tokens.shape
  const one = (at: number) => tf.reshape<tf.Rank.R2>(tf.slice3d(tokens, [0, at, 0], [batch, 1, width]), [batch, width])
  switch (mode) {
    case 'mean':
      return tf.mean(tokens, 1)
    case 'max':
      return evenMax(tokens)
    case 'gem': {
      const cubes = tf.mean(tf.pow(tf.maximum(tokens, gemLeast), gemPower), 1)
      return tf.pow(cubes, 1 / gemPower) as tf.Tensor2D
    }
    case 'mean_sqrt_len_tokens':
      return tf.mul(tf.mean(tokens, 1), Math.sqrt(length))
    case 'weightedmean': {
      const weights = tf.range(1, length + 1)
      return tf.sum(tf.mul(tokens, tf.reshape(tf.div(weights, tf.sum(weights)), [1, length, 1])), 1)
    }
    case 'cls':
      return one(0)
    case 'lasttoken':
      return one(length - 1)
  }
}

/**
 * The maximum over places, whose gradient is shared by all places that have it, as torch's `amax` does: tf.max gives each of them the
 * whole, and a drawing has many places that are exactly alike.
 */
function evenMax(tokens: tf.Tensor3D): tf.Tensor2D {
  // A comparison has no gradient in TensorFlow.js, not even none; a step has one of zeros.
  const most = tf.sub(1, tf.step(tf.sub(tf.max(tokens, 1, true), tokens)))
  return tf.sum(tf.mul(tokens, tf.div(most, tf.sum(most, 1, true))), 1)
}

/** @returns `[batch, width]` */
function pool(mode: PoolingMode, tokens: tf.Tensor3D, mask: tf.Tensor2D, pooledMask: tf.Tensor2D): tf.Tensor2D {
  const [batch, length, width] = tokens.shape
  /** `weights [batch, tokens]` → `[batch, width]` */
  const weightedSum = (weights: tf.Tensor): tf.Tensor2D =>
    tf.reshape(tf.matMul(tf.reshape(weights, [batch, 1, length]), tokens), [batch, width])
  const total = (weights: tf.Tensor): tf.Tensor => tf.maximum(tf.sum(weights, 1, true), 1e-9)
  switch (mode) {
    case 'mean':
      return tf.div(weightedSum(pooledMask), total(pooledMask))
    case 'mean_sqrt_len_tokens':
      return tf.div(weightedSum(pooledMask), tf.sqrt(total(pooledMask)))
    case 'weightedmean': {
      // A token weighs as much as its place in the text, counted from 1 and with the prompt's tokens.
      const weights = tf.mul(tf.cumsum(mask, 1), pooledMask)
      return tf.div(weightedSum(weights), total(weights))
    }
    case 'cls':
      // The first token that is pooled.
      return pooledMask === mask
        ? tf.reshape(tf.slice3d(tokens, [0, 0, 0], [batch, 1, width]), [batch, width])
        : weightedSum(oneOfMask(pooledMask, false))
    case 'lasttoken':
      return weightedSum(oneOfMask(pooledMask, true))
    case 'gem': {
      const cubes = tf.pow(tf.maximum(tokens, gemLeast), gemPower)
      const sums: tf.Tensor2D = tf.reshape(tf.matMul(tf.reshape(pooledMask, [batch, 1, length]), cubes as tf.Tensor3D), [batch, width])
      const root = tf.pow(tf.maximum(tf.div(sums, total(pooledMask)), gemLeast ** gemPower), 1 / gemPower)
      return tf.mul(root, tf.max(pooledMask, 1, true))
    }
    case 'max': {
      const column = tf.reshape(pooledMask, [batch, length, 1])
      const largest = tf.max(tf.add(tokens, tf.mul(tf.sub(column, 1), 1e9)), 1) as tf.Tensor2D
      return tf.mul(largest, tf.max(pooledMask, 1, true))
    }
  }
}

/** 1 at the first (or last) place of each row where the mask is 1, else 0. `[batch, tokens]` */
function oneOfMask(mask: tf.Tensor2D, last: boolean): tf.Tensor {
  return tf.mul(mask, tf.cast(tf.equal(tf.cumsum(mask, 1, false, last), 1), 'float32'))
}

/** Reads `1_Pooling/config.json`, with the keys of any version. */
export const poolingFromConfig: ModuleFactory = (json, before, where) => {
  const config = checked(json, schema, where)
  const width = config.embedding_dimension ?? config.word_embedding_dimension
  if (before.token_embeddings === undefined) {
    throw new MsError('encoder.order', 'Pooling stands where there are no token embeddings to pool', { where: 'modules.json' })
  }
  if (width !== undefined && width !== before.token_embeddings) {
    const field = config.embedding_dimension === undefined ? 'word_embedding_dimension' : 'embedding_dimension'
    throw new MsError('encoder.width', `${field} is ${width}, but the tokens' vectors have ${before.token_embeddings} dimensions`, {
      where,
    })
  }
  const named = config.pooling_mode
  const flagged = (Object.keys(flags) as (keyof typeof flags)[]).filter((each) => config[flags[each]] === true)
  const modes = named ? (typeof named === 'string' ? [named] : named) : flagged
  return pooling(before.token_embeddings, {
    modes: modes.length > 0 ? modes : ['mean'],
    includePrompt: config.include_prompt ?? true,
  })
}
