import { seededRandom } from '@ms/core'
import type { HostTensor } from '@ms/core/tensor'
import { checkGradients, createEagerEngine } from '@ms/runtime'
import { describeLoss } from '@ms/testing'
import type { Tensor2D } from '@tensorflow/tfjs-core'
import { expect, it } from 'vitest'
import { multipleNegativesRanking } from './multiple-negatives-ranking.js'

const cpu = () => createEagerEngine({ backend: 'cpu' })

/** Value and checked gradients for embeddings, with a learned scale that began at `scale` and stands at `now`. */
async function run(scale: number, now = scale, learnScale = true) {
  const random = seededRandom(4)
  const matrix = (): HostTensor<Float32Array> => ({ shape: [4, 6], data: Float32Array.from({ length: 24 }, random.normal) })
  const loss = multipleNegativesRanking({ scale, symmetric: true, learnScale })
  const keys = [0, 1].map((column) => Array.from({ length: 4 }, (_, i) => `${column}-${i}`))
  const inputs = loss.inputs?.({ keys }) ?? {}
  const parameters = new Map([
    ['0', matrix()],
    ['1', matrix()],
  ])
  if (learnScale) parameters.set('logit_scale', { shape: [1], data: Float32Array.of(Math.log(now)) })
  const engine = await cpu()
  try {
    const fn = (weights: Parameters<typeof loss.compute>[0]['weights'], tensors: Parameters<typeof loss.compute>[0]['inputs']) => ({
      loss: loss.compute({ embeddings: [weights.get('0') as Tensor2D, weights.get('1') as Tensor2D], inputs: tensors, weights }),
    })
    const compiled = await engine.differentiate(fn, { constants: new Map(), trainable: [...parameters.keys()] })
    const { outputs, gradients } = await compiled.run(inputs, parameters)
    compiled.dispose()
    const { checked } = await checkGradients(engine, fn, { inputs, parameters })
    return { value: outputs.loss.data[0], slope: gradients.get('logit_scale')?.data[0], checked }
  } finally {
    await engine.dispose()
  }
}

it('a learned scale counts as a fixed one of its value, and has the gradient of the loss', async () => {
  const [learned, fixed] = [await run(7, 5), await run(5, 5, false)]
  expect(learned.value).toBeCloseTo(fixed.value, 5)
  expect(learned.slope).toBeDefined()
  expect(Math.abs(learned.slope ?? 0)).toBeGreaterThan(1e-3)
  for (const { name, error } of learned.checked) expect(error, name).toBeLessThan(2e-2)
})

it('never exceeds 100, and says so where it begins', async () => {
  const [beyond, bound] = [await run(20, 1000), await run(100, 100, false)]
  expect(beyond.value).toBeCloseTo(bound.value, 3)
  expect(() => multipleNegativesRanking({ scale: 101, learnScale: true })).toThrow(expect.objectContaining({ code: 'loss.option' }))
  expect(multipleNegativesRanking({ learnScale: true }).parameters?.get('logit_scale')?.data[0]).toBeCloseTo(Math.log(20), 6)
  expect(multipleNegativesRanking().parameters).toBeUndefined()
})

describeLoss('multipleNegativesRanking with a learned scale', {
  create: () => multipleNegativesRanking({ learnScale: true, symmetric: true }),
  engine: cpu,
})
