import { type Random, seededRandom } from '@ms/core'
import type { Backbone, Engine, HostTensor, Inputs, Tensors, Weights } from '@ms/core/tensor'
import { checkGradients } from '@ms/runtime'
import { openEngine } from '@ms/runtime/node'
import * as tf from '@tensorflow/tfjs-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bert } from './bert/bert.js'
import { staticEmbedding } from './static/static-embedding.js'

/** Random weights of a backbone; norms near 1. */
function randomWeights({ shapes }: Backbone, random: Random): Map<string, HostTensor<Float32Array>> {
  const weights = new Map<string, HostTensor<Float32Array>>()
  for (const [name, shape] of shapes) {
    const size = shape.reduce((a, b) => a * b, 1)
    const centre = name.endsWith('LayerNorm.weight') ? 1 : 0
    weights.set(name, { shape, data: Float32Array.from({ length: size }, () => centre + 0.5 * random.normal()) })
  }
  return weights
}

/** A loss in which every number of the result counts differently, so that no gradient vanishes by symmetry. */
function lossOf(backbone: Backbone) {
  return (weights: Weights, inputs: Tensors) => {
    const hidden = backbone.forward(inputs, weights, { training: false })
    const real =
      hidden.kind === 'tokens' ? tf.mul(hidden.tokens, tf.expandDims(hidden.mask, 2)) : hidden.kind === 'map' ? hidden.map : hidden.pooled
    return { loss: tf.sum(tf.mul(real, inputs['importance'])) as tf.Scalar }
  }
}

/**
 * The largest error of any partial derivative, relative to the largest one of its weight; or to a hundredth of the largest
 * of all, where that is more (the keys' bias has gradient 0, of which float32 leaves only noise).
 */
async function worstError(engine: Engine, backbone: Backbone, inputs: Inputs, random: Random): Promise<number> {
  const parameters = randomWeights(backbone, random)
  const { checked } = await checkGradients(engine, lossOf(backbone), { inputs, parameters, entries: Number.POSITIVE_INFINITY })
  expect(checked.length).toBe([...parameters.values()].reduce((sum, { data }) => sum + data.length, 0))
  const largest = (list: typeof checked) => list.reduce((most, { numeric }) => Math.max(most, Math.abs(numeric)), 0)
  const floor = largest(checked) / 100
  const errors = [...parameters.keys()].map((name) => {
    const own = checked.filter((entry) => entry.name === name)
    const worst = own.reduce((most, { analytic, numeric }) => Math.max(most, Math.abs(analytic - numeric)), 0)
    return worst / Math.max(largest(own), floor)
  })
  return Math.max(...errors)
}

describe('gradients equal numerical ones', () => {
  let engine: Engine
  beforeAll(async () => {
    engine = await openEngine({ backend: 'cpu' })
  })
  afterAll(() => engine.dispose())

  it.each(['gelu', 'gelu_new', 'silu'])('of a BERT with %s: embeddings, layer norm, attention, feed-forward', async (hidden_act) => {
    const random = seededRandom(21)
    const sizes = {
      vocab_size: 5,
      hidden_size: 4,
      num_hidden_layers: 1,
      num_attention_heads: 2,
      intermediate_size: 3,
      max_position_embeddings: 4,
    }
    const backbone = bert.create(bert.parseConfig({ ...sizes, hidden_act, layer_norm_eps: 1e-3 }, 'test'))
    const ids = { shape: [2, 3], data: Int32Array.of(1, 3, 3, 0, 4, 2) }
    const inputs = {
      input_ids: ids,
      attention_mask: { shape: [2, 3], data: Int32Array.of(1, 1, 1, 1, 1, 0) },
      token_type_ids: { shape: [2, 3], data: Int32Array.of(0, 1, 1, 0, 0, 0) },
      importance: { shape: [2, 3, 4], data: Float32Array.from({ length: 24 }, () => random.normal()) },
    }
    expect(await worstError(engine, backbone, inputs, random)).toBeLessThan(6e-3)
  })

  it('of a static table: rows used once, twice and never, and an empty text', async () => {
    const random = seededRandom(22)
    const backbone = staticEmbedding.create({ vocab_size: 6, hidden_size: 3 })
    const inputs = {
      ids: { shape: [5], data: Int32Array.of(1, 4, 4, 2, 1) },
      offsets: { shape: [4], data: Int32Array.of(0, 3, 3, 5) },
      importance: { shape: [3, 3], data: Float32Array.from({ length: 9 }, () => random.normal()) },
    }
    expect(await worstError(engine, backbone, inputs, random)).toBeLessThan(6e-3)
  })
})
