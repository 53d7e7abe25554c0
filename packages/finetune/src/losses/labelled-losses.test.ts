import { readFileSync } from 'node:fs'
import type { Engine, HostTensor, Loss, Tensors } from '@ms/core/tensor'
import { createEagerEngine } from '@ms/runtime'
import { describeLoss } from '@ms/testing'
import type { Scalar, Tensor2D } from '@tensorflow/tfjs-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { batchHardTriplet } from './batch-hard-triplet.js'
import { softmaxClassifier } from './softmax-classifier.js'
import { supervisedContrastive } from './supervised-contrastive.js'

interface Golden {
  shape: [number, number]
  labels: string[]
  embeddings: number[]
  classifier: { weight: number[]; bias: number[] }
  cases: { loss: string; options: Record<string, never>; value: number; gradient: number[] }[]
}
const golden: Golden = JSON.parse(readFileSync(new URL('../../golden/labelled-losses.json', import.meta.url), 'utf8'))
const [batch, dim] = golden.shape
const { labels } = golden

/** The classifier of the reference in place of the one that was drawn. */
function classifier(): Loss {
  const { weight, bias } = golden.classifier
  const classes = bias.length
  const parameters = new Map<string, HostTensor<Float32Array>>([
    ['classifier.weight', { shape: [classes, dim], data: Float32Array.from(weight) }],
    ['classifier.bias', { shape: [classes], data: Float32Array.from(bias) }],
  ])
  return { ...softmaxClassifier({ labels, dim }), parameters }
}
const create: Record<string, (options: Record<string, never>) => Loss> = {
  'batch-hard-triplet': batchHardTriplet,
  'supervised-contrastive': supervisedContrastive,
  'softmax-classifier': classifier,
}

let engine: Engine
beforeAll(async () => {
  engine = await createEagerEngine({ backend: 'cpu' })
})
afterAll(() => engine.dispose())

async function run(loss: Loss, embeddings: readonly number[], given = labels) {
  const count = given.length
  const compiled = await engine.differentiate<Tensors & { readonly loss: Scalar }>(
    (weights, inputs) => ({ loss: loss.compute({ embeddings: [weights.get('x') as Tensor2D], inputs, weights }) }),
    { constants: loss.parameters ?? new Map(), trainable: ['x'] },
  )
  const keys = [given.map((_, i) => `${i}`)]
  const { outputs, gradients } = await compiled.run(
    loss.inputs?.({ keys, labels: given }) ?? {},
    new Map([['x', { shape: [count, dim], data: Float32Array.from(embeddings) }]]),
  )
  compiled.dispose()
  return { value: outputs.loss.data[0], gradient: [...gradients.get('x')!.data] }
}

describe('losses of labelled items', () => {
  it.each(golden.cases.map((each) => [`${each.loss} ${JSON.stringify(each.options)}`, each] as const))(
    '%s: value and gradient are those of the reference',
    async (_, { loss, options, value, gradient }) => {
      const result = await run(create[loss](options), golden.embeddings)
      expect(result.value).toBeCloseTo(value, 4)
      for (const [i, each] of gradient.entries()) expect(Math.abs(result.gradient[i] - each)).toBeLessThan(2e-5)
    },
  )

  it('are finite where an item is alone of its class, or all of them are', async () => {
    const alone = labels.map((_, i) => `class ${i}`)
    for (const loss of [batchHardTriplet(), supervisedContrastive()]) {
      const { value, gradient } = await run(loss, golden.embeddings, alone)
      expect(Number.isFinite(value)).toBe(true)
      expect(gradient.every(Number.isFinite)).toBe(true)
    }
    expect(batch).toBe(labels.length)
  })

  it('refuse options that make no sense, and a class that the classifier does not know', async () => {
    expect(() => batchHardTriplet({ margin: -1 })).toThrow(expect.objectContaining({ code: 'loss.option' }))
    expect(() => supervisedContrastive({ temperature: 0 })).toThrow(expect.objectContaining({ code: 'loss.option' }))
    expect(() => softmaxClassifier({ labels: ['a', 'a'], dim: 3 })).toThrow(expect.objectContaining({ code: 'loss.option' }))
    expect(() => softmaxClassifier({ labels, dim: 3, scale: -1 })).toThrow(expect.objectContaining({ code: 'loss.option' }))
    const loss = softmaxClassifier({ labels, dim })
    expect(() => loss.inputs?.({ keys: [['0']], labels: ['other'] })).toThrow(expect.objectContaining({ code: 'loss.label' }))
  })
})

const cpu = () => createEagerEngine({ backend: 'cpu' })
describeLoss('batchHardTriplet', { create: () => batchHardTriplet(), engine: cpu })
describeLoss('batchHardTriplet, soft margin', { create: () => batchHardTriplet({ margin: 'soft' }), engine: cpu })
describeLoss('supervisedContrastive', { create: () => supervisedContrastive(), engine: cpu })
describeLoss('softmaxClassifier', { create: () => softmaxClassifier({ labels: ['a', 'b'], dim: 6 }), engine: cpu })
