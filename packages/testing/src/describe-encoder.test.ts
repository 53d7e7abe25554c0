import { MsError, seededRandom, vectors } from '@ms/core'
import type { Encoder, HostTensor, Parameters, Prepared, Tensors, Weights } from '@ms/core/tensor'
import { createEagerEngine } from '@ms/runtime'
import * as tf from '@tensorflow/tfjs-core'
import { describe, expect, it } from 'vitest'
import { describeEncoder } from './describe-encoder.js'
import { encoderChecks, openEncoderSubject } from './encoder-checks.js'
import type { DescribeEncoderOptions } from './encoder-options.js'

interface Letters extends Prepared {
  readonly ids: readonly number[]
}

const [rows, width, dim] = [27, 6, 4]
const random = seededRandom(5)
const floats = (...shape: number[]): HostTensor<Float32Array> => ({
  shape,
  data: Float32Array.from({ length: shape.reduce((product, n) => product * n, 1) }, () => random.normal()),
})
const initial: Parameters = new Map([
  ['letters', floats(rows, width)],
  ['project.weight', floats(width, dim)],
  ['project.bias', floats(dim)],
])

/** `tanh(mean of letters · weight + bias)`, a third party's encoder in forty lines. */
function letterEncoder(parameters: Parameters = initial): Encoder<string, Letters> {
  for (const [name, { shape }] of initial) {
    const found = parameters.get(name)
    if (!found) throw new MsError('weights.missing', name)
    if (found.shape.join() !== shape.join()) throw new MsError('weights.shape', name)
  }
  return {
    dim,
    parameters,
    lookups: { letters: 'ids' },
    processor: {
      prepare: (items) =>
        items.map((item) => {
          const ids = [...item.toLowerCase()].map((letter) => Math.max(0, letter.charCodeAt(0) - 96) % rows)
          return { ids, cost: ids.length }
        }),
      collate: (batch) => {
        const length = Math.max(1, ...batch.map(({ ids }) => ids.length))
        const shape = [batch.length, length]
        const data = new Int32Array(batch.length * length)
        const mask = new Float32Array(batch.length * length)
        for (const [i, { ids }] of batch.entries()) {
          data.set(ids, i * length)
          mask.fill(1, i * length, i * length + ids.length)
        }
        return { ids: { shape, data }, mask: { shape, data: mask } }
      },
    },
    forward: ({ ids, mask }: Tensors, weights: Weights) => {
      const letters = tf.gather(weights.get('letters'), ids as tf.Tensor2D)
      const sum = tf.sum(tf.mul(letters, tf.expandDims(mask, -1)), 1)
      const mean: tf.Tensor2D = tf.div(sum, tf.maximum(tf.sum(mask, 1, true), 1))
      const projected: tf.Tensor2D = tf.matMul(mean, weights.get('project.weight') as tf.Tensor2D)
      return tf.tanh(tf.add<tf.Tensor2D>(projected, weights.get('project.bias')))
    },
    withParameters: (others) => letterEncoder(others),
  }
}

const options: DescribeEncoderOptions<string, Letters> = {
  encoder: async () => letterEncoder(),
  engine: () => createEagerEngine({ backend: 'cpu' }),
  items: ['one', 'two words', 'a third text that is longer', 'd'],
  emptyItems: [''],
  saveAndLoad: async (encoder) => letterEncoder(new Map(encoder.parameters)),
}

describeEncoder('an encoder of letters', options)

/** What breaks, and the check that must notice. */
const faults: { name: string; check: RegExp; options: Partial<DescribeEncoderOptions<string, Letters>> }[] = []
const fault = (name: string, check: RegExp, change: (encoder: Encoder<string, Letters>) => Partial<Encoder<string, Letters>>) =>
  faults.push({
    name,
    check,
    options: {
      encoder: async () => {
        const encoder = letterEncoder()
        return { ...encoder, ...change(encoder) }
      },
    },
  })

fault('claims another width', /one finite vector/, () => ({ dim: dim + 1 }))
fault('gives infinities', /one finite vector/, (encoder) => ({ forward: (...all) => tf.div(encoder.forward(...all), 0) }))
fault('gives every item the same vector', /tells different items apart/, (encoder) => ({
  forward: (...all) => tf.mul(encoder.forward(...all), 0),
}))
fault('counts padding', /see each other/, (encoder) => ({
  forward: (inputs, ...rest) => encoder.forward({ ...inputs, mask: tf.onesLike(inputs['mask']) }, ...rest),
}))
fault('mixes the batch', /see each other/, (encoder) => ({
  forward: (...all) => {
    const embeddings = encoder.forward(...all)
    return tf.sub(embeddings, tf.mean(embeddings, 0, true))
  },
}))
fault('has a cost that depends on its neighbours', /counts the cost/, (encoder) => ({
  processor: {
    ...encoder.processor,
    prepare: async (items, role) => (await encoder.processor.prepare(items, role)).map(({ ids }) => ({ ids, cost: items.length })),
  },
}))
fault('makes NaN of nothing', /empty items/, (encoder) => ({
  forward: (inputs, ...rest) => {
    const count = tf.sum(inputs['mask'], 1, true)
    return tf.add(encoder.forward(inputs, ...rest), tf.mul(tf.div(count, count), 0))
  },
}))
fault('has a direct path of its own mind', /plain JavaScript/, () => ({
  direct: (inputs) => vectors(new Float32Array(inputs['ids'].shape[0] * dim).fill(1), inputs['ids'].shape[0], dim),
}))
fault('hides its table from the gradient', /differentiated/, (encoder) => ({
  forward: (inputs, weights, mode) =>
    encoder.forward(inputs, { get: (name) => (name === 'letters' ? doubledGradient(weights.get(name)) : weights.get(name)) }, mode),
}))
fault('names an input that it does not read', /names rows of tables/, () => ({ lookups: { letters: 'tokens' } }))
fault('ignores new weights', /takes other weights/, () => ({ withParameters: () => letterEncoder() }))
faults.push({
  name: 'loses a weight in saving',
  check: /saving and loading/,
  options: {
    saveAndLoad: async ({ parameters }) => {
      const { shape, data } = parameters.get('project.bias') as HostTensor<Float32Array>
      return letterEncoder(new Map(parameters).set('project.bias', { shape, data: data.map(() => 0) }))
    },
  },
})

/** The same values, but a gradient that is twice as large. */
function doubledGradient(x: tf.Tensor): tf.Tensor {
  const op = tf.customGrad((value) => ({ value: tf.clone(value as tf.Tensor), gradFunc: (dy: tf.Tensor) => tf.mul(dy, 2) }))
  return op(x)
}

describe('describeEncoder notices an encoder that', () => {
  for (const { name, check, options: changed } of faults) {
    it(name, async () => {
      const found = encoderChecks.filter((each) => check.test(each.name))
      expect(found).toHaveLength(1)
      const subject = await openEncoderSubject({ ...options, ...changed })
      await expect(found[0].run(subject)).rejects.toThrow()
      await subject.dispose()
    })
  }

  it('leaves tensors behind', async () => {
    const leaks: tf.Tensor[] = []
    const encoder = letterEncoder()
    const forward: typeof encoder.forward = (...all) => {
      leaks.push(tf.keep(tf.scalar(1)))
      return encoder.forward(...all)
    }
    const subject = await openEncoderSubject({ ...options, encoder: async () => ({ ...encoder, forward }) })
    const check = encoderChecks.find((each) => /holds no more/.test(each.name))
    await expect(check?.run(subject)).rejects.toThrow()
    await subject.dispose()
  })
})
