import { seededRandom } from '@ms/core'
import type { Backbone, Engine, HostTensor, Inputs, Parameters, Tensors, Weights } from '@ms/core/tensor'
import { checkGradients } from '@ms/runtime'
import { openEngine } from '@ms/runtime/node'
import * as tf from '@tensorflow/tfjs-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { clipText, clipVision } from './clip/clip.js'
import { vit } from './vit/vit.js'

const random = seededRandom(31)
const numbers = (shape: readonly number[], centre: number, reach: number) => ({
  shape,
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => centre + reach * random.normal()),
})

/** Norms near 1, all else random: a network whose every weight counts. */
const parametersOf = ({ shapes }: Backbone): Parameters =>
  new Map(
    [...shapes].map(([name, shape]): [string, HostTensor<Float32Array>] => [
      name,
      numbers(shape, /norm.*weight$/i.test(name) ? 1 : 0, 0.5),
    ]),
  )

/** A loss in which every number of the result counts differently, so that no gradient vanishes by symmetry. */
const lossOf = (backbone: Backbone) => (weights: Weights, inputs: Tensors) => {
  const hidden = backbone.forward(inputs, weights, { training: false })
  const result = hidden.kind === 'pooled' ? hidden.pooled : hidden.kind === 'map' ? hidden.map : hidden.tokens
  return { loss: tf.sum(tf.mul(result, inputs['importance'])) as tf.Scalar }
}

const pictures = (height: number, width: number) => ({ pixel_values: numbers([2, height, width, 3], 0, 0.7) })
const small = { hidden_size: 4, num_hidden_layers: 1, num_attention_heads: 2, image_size: 4, patch_size: 2, layer_norm_eps: 1e-3 }

const backbones: [string, Backbone, Inputs, number[]][] = [
  ...(
    [
      ['a ViT', { model_type: 'vit', intermediate_size: 3 }, [4, 4], 5],
      ['a ViT at another size', { model_type: 'vit', intermediate_size: 3, qkv_bias: false }, [6, 4], 7],
      ['a DeiT', { model_type: 'deit', intermediate_size: 3 }, [4, 4], 6],
      ['a DINOv2 with registers', { model_type: 'dinov2_with_registers', mlp_ratio: 1, num_register_tokens: 2 }, [2, 6], 6],
      ['a DINOv2 with SwiGLU', { model_type: 'dinov2', mlp_ratio: 1, use_swiglu_ffn: true }, [4, 4], 5],
      ['a ViT of timm', { model_type: 'vit', names: 'timm', layer_scale: true, class_position: false, num_register_tokens: 1 }, [4, 4], 6],
    ] as const
  ).map(([name, fields, [height, width], tokens]): [string, Backbone, Inputs, number[]] => [
    name,
    vit.create(vit.parseConfig({ ...small, ...fields }, name)),
    pictures(height, width),
    [2, tokens, 4],
  ]),
  [
    "CLIP's picture tower",
    clipVision.create(clipVision.parseConfig({ projection_dim: 3, vision_config: { ...small, intermediate_size: 3 } }, 'clip')),
    pictures(4, 6),
    [2, 3],
  ],
  [
    "CLIP's text tower",
    clipText.create(
      clipText.parseConfig(
        { projection_dim: 3, text_config: { ...small, intermediate_size: 3, vocab_size: 6, max_position_embeddings: 5 } },
        'clip',
      ),
    ),
    {
      input_ids: { shape: [2, 4], data: Int32Array.of(0, 2, 2, 5, 0, 3, 5, 5) },
      attention_mask: { shape: [2, 4], data: Int32Array.of(1, 1, 1, 1, 1, 1, 1, 0) },
    },
    [2, 3],
  ],
]

describe('gradients equal numerical ones', () => {
  let engine: Engine
  beforeAll(async () => {
    engine = await openEngine({ backend: 'cpu' })
  })
  afterAll(() => engine.dispose())

  it.each(backbones)('of %s', async (_, backbone, inputs, shape) => {
    const parameters = parametersOf(backbone)
    const all = { ...inputs, importance: numbers(shape, 0, 1) }
    const { checked } = await checkGradients(engine, lossOf(backbone), { inputs: all, parameters, entries: 4 })
    expect(new Set(checked.map(({ name }) => name)).size).toBe(backbone.shapes.size)
    for (const { name, analytic, numeric, error } of checked) {
      // The same bias for every key changes no softmax: its gradient is 0, of which float32 leaves only noise.
      if (/\.(key|k_proj)\.bias$/.test(name)) expect(Math.abs(analytic), name).toBeLessThan(1e-5)
      else expect(error, `${name}: ${analytic}, numerically ${numeric}`).toBeLessThan(1e-2)
    }
  })
})
