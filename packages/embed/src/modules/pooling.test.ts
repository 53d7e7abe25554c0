import { seededRandom } from '@ms/core'
import type { Engine, HostTensor, Inputs } from '@ms/core/tensor'
import { createEagerEngine } from '@ms/runtime'
import * as tf from '@tensorflow/tfjs-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { EncoderModule, Features } from './encoder-module.js'
import { type PoolingMode, pooling, poolingFromConfig, poolingModes } from './pooling.js'

let engine: Engine
beforeAll(async () => {
  engine = await createEagerEngine({ backend: 'cpu' })
})
afterAll(() => engine?.dispose())

const [batch, length, width] = [3, 5, 4]
const random = seededRandom(7)
const floats = (shape: number[]): HostTensor<Float32Array> => ({
  shape,
  data: Float32Array.from({ length: shape.reduce((product, n) => product * n, 1) }, () => random.normal()),
})
const ones = (shape: number[], data: number[]): HostTensor<Float32Array> => ({ shape, data: Float32Array.from(data) })

const tokens = floats([batch, length, width])
/** Texts of 5, 3 and 1 tokens, of which the prompt takes 2, 2 and (cut short) 1. */
const mask = ones([batch, length], [1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 1, 0, 0, 0, 0])
const beyond = ones([batch, length], [0, 0, 1, 1, 1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 1])
const weighting = floats([batch, width * poolingModes.length])

const run = (module: EncoderModule, input: tf.Tensor, inputs: Readonly<Record<string, tf.Tensor>>): tf.Tensor2D => {
  const features: Features = {
    token_embeddings: input as tf.Tensor3D,
    mask: inputs['mask'] as tf.Tensor2D,
    beyondPrompt: inputs['beyond'] as tf.Tensor2D,
  }
  return module.forward(features, () => tf.scalar(0)).sentence_embedding as tf.Tensor2D
}

/** Pools in plain loops, straight from the definitions. */
function expected(mode: PoolingMode, includePrompt: boolean): number[] {
  const result: number[] = []
  for (let i = 0; i < batch; i++) {
    const places = Array.from({ length }, (_, t) => t).filter(
      (t) => mask.data[i * length + t] === 1 && (includePrompt || beyond.data[i * length + t] === 1),
    )
    for (let j = 0; j < width; j++) {
      const values = places.map((t) => tokens.data[(i * length + t) * width + j])
      const sum = values.reduce((total, value) => total + value, 0)
      if (values.length === 0) result.push(0)
      else if (mode === 'mean') result.push(sum / values.length)
      else if (mode === 'mean_sqrt_len_tokens') result.push(sum / Math.sqrt(values.length))
      else if (mode === 'max') result.push(Math.max(...values))
      else if (mode === 'cls') result.push(values[0])
      else if (mode === 'gem') result.push(Math.cbrt(values.reduce((all, value) => all + Math.max(value, 1e-6) ** 3, 0) / values.length))
      else if (mode === 'lasttoken') result.push(values[values.length - 1])
      else {
        const weights = places.map((t) => t + 1)
        const total = weights.reduce((all, weight) => all + weight, 0)
        result.push(values.reduce((all, value, n) => all + value * weights[n], 0) / total)
      }
    }
  }
  return result
}

describe('pooling', () => {
  it.each(poolingModes)('%s without a mask is what it is with one of ones', async (mode) => {
    const module = pooling(width, { modes: [mode] })
    const compiled = await engine.compile(
      (_, inputs) => ({
        whole: module.forward({ token_embeddings: inputs['tokens'] as tf.Tensor3D }, () => tf.scalar(0)).sentence_embedding as tf.Tensor2D,
        masked: run(module, inputs['tokens'], inputs),
      }),
      { constants: new Map() },
    )
    const { whole, masked } = await compiled.run({ tokens, mask: ones([batch, length], Array(batch * length).fill(1)) })
    expect(whole.shape).toEqual([batch, width])
    for (const [i, value] of masked.data.entries()) expect(whole.data[i]).toBeCloseTo(value, 5)
  })

  it('shares the gradient of a maximum among all places that have it', async () => {
    const module = pooling(1, { modes: ['max'] })
    const same = { shape: [1, 4, 1], data: Float32Array.of(2, 1, 2, 2) }
    const compiled = await engine.differentiate(
      (weights) => ({
        loss: tf.sum(
          module.forward({ token_embeddings: weights.get('x') as tf.Tensor3D }, () => tf.scalar(0)).sentence_embedding!,
        ) as tf.Scalar,
      }),
      { constants: new Map(), trainable: ['x'] },
    )
    const { outputs, gradients } = await compiled.run({}, new Map([['x', same]]))
    expect(outputs.loss.data[0]).toBeCloseTo(2, 6)
    for (const [i, value] of [1 / 3, 0, 1 / 3, 1 / 3].entries()) expect(gradients.get('x')!.data[i]).toBeCloseTo(value, 6)
  })

  for (const mode of poolingModes) {
    for (const includePrompt of [true, false]) {
      const module = pooling(width, { modes: [mode], includePrompt })
      const name = `${mode}${includePrompt ? '' : ' without the prompt'}`
      const inputs: Inputs = { mask, beyond, tokens }

      it(`${name} is what its definition says`, async () => {
        const compiled = await engine.compile((_, { tokens, ...rest }) => ({ pooled: run(module, tokens, rest) }), { constants: new Map() })
        const { pooled } = await compiled.run(inputs)
        expect(pooled.shape).toEqual([batch, width])
        for (const [i, value] of expected(mode, includePrompt).entries()) expect(pooled.data[i]).toBeCloseTo(value, 5)
        compiled.dispose()
      })

      it(`${name} has the gradient that differences show`, async () => {
        const loss = (input: tf.Tensor, rest: Readonly<Record<string, tf.Tensor>>): tf.Scalar =>
          tf.sum(tf.mul(tf.square(run(module, input, rest)), tf.slice(rest['weighting'], [0, 0], [batch, width])))
        const differentiated = await engine.differentiate((weights, rest) => ({ loss: loss(weights.get('tokens'), rest) }), {
          constants: new Map(),
          trainable: ['tokens'],
        })
        const rest = { mask, beyond, weighting }
        const at = async (values: HostTensor<Float32Array>) => {
          const { outputs, gradients } = await differentiated.run(rest, new Map([['tokens', values]]))
          return { loss: outputs.loss.data[0], gradient: gradients.get('tokens') as HostTensor<Float32Array> }
        }
        const { gradient } = await at(tokens)
        const step = 1e-2
        for (let i = 0; i < tokens.data.length; i += 3) {
          const moved = (by: number) => ({ shape: tokens.shape, data: tokens.data.map((value, j) => (j === i ? value + by : value)) })
          const slope = ((await at(moved(step))).loss - (await at(moved(-step))).loss) / (2 * step)
          expect(gradient.data[i], `component ${i}`).toBeCloseTo(slope, 2)
        }
        expect(gradient.data.some((value) => Math.abs(value) > 0.01)).toBe(true)
        differentiated.dispose()
      })
    }
  }

  it('puts several results side by side, in the order asked for', async () => {
    const module = pooling(width, { modes: ['lasttoken', 'mean'] })
    const compiled = await engine.compile((_, { tokens, ...rest }) => ({ pooled: run(module, tokens, rest) }), { constants: new Map() })
    const { pooled } = await compiled.run({ mask, beyond, tokens })
    expect(pooled.shape).toEqual([batch, 2 * width])
    const [last, mean] = [expected('lasttoken', true), expected('mean', true)]
    for (let j = 0; j < width; j++) {
      expect(pooled.data[j]).toBeCloseTo(last[j], 5)
      expect(pooled.data[width + j]).toBeCloseTo(mean[j], 5)
    }
    expect(module.widths.sentence_embedding).toBe(2 * width)
    compiled.dispose()
  })

  it('does not see what lies in the padding', async () => {
    const module = pooling(width, { modes: poolingModes })
    const compiled = await engine.compile((_, { tokens, ...rest }) => ({ pooled: run(module, tokens, rest) }), { constants: new Map() })
    const dirty = { shape: tokens.shape, data: tokens.data.map((value, i) => (mask.data[Math.floor(i / width)] === 1 ? value : 1e6)) }
    const clean = await compiled.run({ mask, beyond, tokens })
    const other = await compiled.run({ mask, beyond, tokens: dirty })
    for (const [i, value] of clean.pooled.data.entries()) expect(other.pooled.data[i]).toBeCloseTo(value, 5)
    compiled.dispose()
  })

  it('reads the keys of every version, and names what is wrong', () => {
    const before = { token_embeddings: 8 }
    const read = (config: unknown) => poolingFromConfig(config, before, '1_Pooling/config.json')
    expect(
      read({ word_embedding_dimension: 8, pooling_mode_cls_token: true, pooling_mode_mean_tokens: true }).widths.sentence_embedding,
    ).toBe(16)
    expect(read({ embedding_dimension: 8, pooling_mode: ['max', 'cls'] }).config).toMatchObject({ pooling_mode: ['max', 'cls'] })
    expect(read({ word_embedding_dimension: 8, pooling_mode_mean_tokens: false }).config).toMatchObject({ pooling_mode_mean_tokens: true })
    const fails = (config: unknown) => {
      try {
        return read(config)
      } catch (error) {
        return error
      }
    }
    expect(fails({ embedding_dimension: 9 })).toMatchObject({ code: 'encoder.width', where: '1_Pooling/config.json' })
    expect(fails({ embedding_dimension: 8, pooling_mode: 'median' })).toMatchObject({
      code: 'config.invalid',
      details: { field: 'pooling_mode' },
    })
    expect(fails({ embedding_dimension: 'wide' })).toMatchObject({ code: 'config.invalid', details: { field: 'embedding_dimension' } })
  })
})
