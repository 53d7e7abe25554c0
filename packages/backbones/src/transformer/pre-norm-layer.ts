import type { Weights } from '@ms/core/tensor'
import { silu } from '@ms/runtime'
import * as tf from '@tensorflow/tfjs-core'
import { type AttentionShape, attention } from './attention.js'
import { dense, norm, shapesOf } from './dense.js'

/** Parameter names of a layer, without `.weight` and `.bias`. */
export interface PreNormNames {
  readonly norm1: string
  /** Three matrices, or one that holds them below each other. */
  readonly projections: { readonly query: string; readonly key: string; readonly value: string } | { readonly all: string }
  readonly output: string
  readonly norm2: string
  readonly inner: string
  readonly outer: string
  /** Factors of what is added, `[width]` each, whole names. */
  readonly scales?: readonly [string, string]
}

/** What the layers of a network have in common. */
export interface PreNormSettings {
  readonly width: number
  readonly heads: number
  /** Of the feed-forward part. */
  readonly inner: number
  readonly eps: number
  readonly activation: (x: tf.Tensor2D) => tf.Tensor2D
  /** SwiGLU: the inner matrix has twice the rows, and SiLU of the first half multiplies the second. */
  readonly gated?: boolean
  /** Whether queries, keys and values have a bias. */
  readonly projectionBias: boolean
}

/**
 * A transformer layer that normalises before each part: x + s₁ · attention(norm x), then x + s₂ · feed-forward(norm x).
 *
 * @param x `[batch × tokens, width]`
 * @param bias of the attention's scores
 */
export function preNormLayer(
  settings: PreNormSettings,
  names: PreNormNames,
  weights: Weights,
  x: tf.Tensor2D,
  shape: AttentionShape,
  bias?: tf.Tensor,
): tf.Tensor2D {
  const { eps, activation, gated } = settings
  const scaled = (part: tf.Tensor2D, at: 0 | 1) => (names.scales ? tf.mul<tf.Tensor2D>(part, weights.get(names.scales[at])) : part)
  const [query, key, value] = projected(settings, names, weights, norm(weights, names.norm1, x, eps))
  const attended = dense(weights, names.output, attention(query, key, value, shape, bias))
  const middle = tf.add<tf.Tensor2D>(x, scaled(attended, 0))
  const inner = dense(weights, names.inner, norm(weights, names.norm2, middle, eps))
  const active = gated ? swiglu(inner) : activation(inner)
  return tf.add(middle, scaled(dense(weights, names.outer, active), 1))
}

function projected({ projectionBias }: PreNormSettings, { projections }: PreNormNames, weights: Weights, x: tf.Tensor2D): tf.Tensor2D[] {
  if ('all' in projections) return tf.split(dense(weights, projections.all, x, projectionBias), 3, 1)
  return [projections.query, projections.key, projections.value].map((name) => dense(weights, name, x, projectionBias))
}

function swiglu(x: tf.Tensor2D): tf.Tensor2D {
  const [gate, value] = tf.split(x, 2, 1)
  return tf.mul(silu(gate), value)
}

export function preNormShapes(settings: PreNormSettings, names: PreNormNames, shapes: Map<string, readonly number[]>): void {
  const { width, inner, gated, projectionBias } = settings
  const { norm, dense } = shapesOf(shapes)
  const { projections } = names
  norm(names.norm1, width)
  if ('all' in projections) dense(projections.all, width, 3 * width, projectionBias)
  else for (const name of [projections.query, projections.key, projections.value]) dense(name, width, width, projectionBias)
  dense(names.output, width, width)
  norm(names.norm2, width)
  dense(names.inner, width, gated ? 2 * inner : inner)
  dense(names.outer, inner, width)
  for (const name of names.scales ?? []) shapes.set(name, [width])
}
