import { seededRandom } from '@ms/core'
import type { Engine, HostTensor, Inputs, TensorFunction } from '@ms/core/tensor'
import * as tf from '@tensorflow/tfjs-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkGradients } from '../check-gradients.js'
import { createEagerEngine } from '../eager/create-eager-engine.js'
import { composedEmbeddingBag, embeddingBag, gatherRows, gelu, l2Normalize, layerNorm, softmax, softmaxCrossEntropy } from './index.js'

const random = seededRandom(7)
const normal = (...shape: number[]): HostTensor<Float32Array> => ({
  shape,
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random.normal()),
})
const ints = (...data: number[]) => ({ shape: [data.length], data: Int32Array.from(data) })

interface Case {
  name: string
  parameters: Record<string, HostTensor<Float32Array>>
  inputs?: Inputs
  op: (weights: (name: string) => tf.Tensor, inputs: Readonly<Record<string, tf.Tensor>>) => tf.Tensor
}

/** Widths that are and are not multiples of four, so that both halves of every vector loop run. */
const bag = { ids: ints(0, 3, 3, 1, 4, 0, 2), offsets: ints(0, 3, 3, 4, 7, 7) }
const bagOf = (width: number) => ({ table: normal(5, width), factors: normal(7) })
const table2 = (tensor: tf.Tensor) => tensor as tf.Tensor2D
const vector = (tensor: tf.Tensor) => tensor as tf.Tensor1D
const cases: Case[] = [
  ...[1, 3, 8, 13].map((width) => ({
    name: `layerNorm over ${width}`,
    parameters: { x: normal(2, 3, width), gamma: normal(width), beta: normal(width) },
    op: (w: (name: string) => tf.Tensor) => layerNorm(w('x'), w('gamma'), w('beta'), 1e-2),
  })),
  ...(['erf', 'tanh'] as const).map((approximation) => ({
    name: `gelu ${approximation}`,
    parameters: { x: { shape: [11], data: Float32Array.of(-9, -4, -2, -1, -0.1, 0, 0.1, 1, 2, 4, 9) } },
    op: (w: (name: string) => tf.Tensor) => gelu(w('x'), approximation),
  })),
  ...[1, 5, 8].map((width) => ({
    name: `softmax over ${width}`,
    parameters: { x: normal(2, 3, width) },
    op: (w: (name: string) => tf.Tensor) => softmax(w('x')),
  })),
  {
    name: 'softmaxCrossEntropy with class numbers',
    parameters: { x: normal(4, 5) },
    inputs: { labels: ints(0, 4, 2, 2) },
    op: (w, { labels }) => softmaxCrossEntropy(table2(w('x')), vector(labels)),
  },
  {
    name: 'softmaxCrossEntropy with weights',
    parameters: { x: normal(3, 4) },
    inputs: { targets: { shape: [3, 4], data: Float32Array.of(0.5, 0.5, 0, 0, 0, 0, 2, 0, 0.1, 0.2, 0.3, 0.4) } },
    op: (w, { targets }) => softmaxCrossEntropy(table2(w('x')), table2(targets)),
  },
  { name: 'l2Normalize', parameters: { x: normal(3, 5) }, op: (w) => l2Normalize(w('x')) },
  {
    name: 'gatherRows',
    parameters: { table: normal(4, 3) },
    inputs: { ids: { shape: [2, 3], data: Int32Array.of(0, 2, 2, 3, 0, 0) } },
    op: (w, { ids }) => gatherRows(table2(w('table')), ids),
  },
  ...[3, 8].flatMap((width) =>
    (['sum', 'mean'] as const).flatMap((mode) => [
      {
        name: `embeddingBag, ${mode} of ${width}`,
        parameters: { table: bagOf(width).table },
        inputs: bag,
        op: ((w, { ids, offsets }) => embeddingBag(table2(w('table')), vector(ids), vector(offsets), { mode })) as Case['op'],
      },
      {
        name: `embeddingBag, weighted ${mode} of ${width}`,
        parameters: bagOf(width),
        inputs: bag,
        op: ((w, { ids, offsets }) =>
          embeddingBag(table2(w('table')), vector(ids), vector(offsets), { mode, weights: vector(w('factors')) })) as Case['op'],
      },
    ]),
  ),
  {
    name: 'composedEmbeddingBag',
    parameters: bagOf(6),
    inputs: bag,
    op: (w, { ids, offsets }) => composedEmbeddingBag(table2(w('table')), vector(ids), vector(offsets), { weights: vector(w('factors')) }),
  },
]

/** A scalar that weighs every number of the op's result differently. */
function lossOf({ op }: Case): TensorFunction<{ loss: tf.Scalar; y: tf.Tensor }> {
  return (weights, inputs) => {
    const y = op((name) => weights.get(name), inputs)
    const factors = tf.cos(tf.range(1, y.size + 1))
    return { loss: tf.sum(tf.mul(tf.reshape(y, [-1]), factors)) as tf.Scalar, y }
  }
}

let cpu: Engine
let wasm: Engine
beforeAll(async () => {
  cpu = await createEagerEngine({ backend: 'cpu' })
  wasm = await createEagerEngine({ backend: 'wasm' })
})
afterAll(async () => {
  await cpu.dispose()
  await wasm.dispose()
})

describe.each(cases)('$name', (subject) => {
  const parameters = new Map(Object.entries(subject.parameters))
  const inputs = subject.inputs ?? {}

  it('has the gradient that finite differences give', async () => {
    for (const engine of [cpu, wasm]) {
      const check = await checkGradients(engine, lossOf(subject), { inputs, parameters, entries: 30 })
      expect(check.maxError, `${engine.name} ${JSON.stringify(check.worst)}`).toBeLessThan(2e-2)
    }
  })

  it('is the same on wasm as on cpu', async () => {
    const options = { constants: new Map(), trainable: [...parameters.keys()] }
    const results = []
    for (const engine of [cpu, wasm]) {
      const step = await engine.differentiate(lossOf(subject), options)
      results.push(await step.run(inputs, parameters))
      step.dispose()
    }
    const [a, b] = results
    expect(largestDifference(a.outputs.y, b.outputs.y)).toBeLessThan(1e-6 * (1 + size(a.outputs.y)))
    for (const [name, gradient] of a.gradients) {
      expect(largestDifference(gradient, b.gradients.get(name)!), name).toBeLessThan(2e-6 * (1 + size(gradient)))
    }
  })
})

describe('edges', () => {
  const both = () => [cpu, wasm]
  const run = async (engine: Engine, fn: () => Record<string, tf.Tensor>) => {
    const compiled = await engine.compile(fn, { constants: new Map() })
    const result = await compiled.run({})
    compiled.dispose()
    return result
  }

  it('l2Normalize leaves a zero vector zero, with gradient zero', async () => {
    for (const engine of both()) {
      const step = await engine.differentiate(
        (weights) => {
          const y = l2Normalize(weights.get('x'))
          return { loss: tf.sum(tf.mul(y, [[1, 2]])) as tf.Scalar, y }
        },
        { constants: new Map(), trainable: ['x'] },
      )
      const x = { shape: [2, 2], data: Float32Array.of(0, 0, 3, 4) }
      const { outputs, gradients } = await step.run({}, new Map([['x', x]]))
      expect([...outputs.y.data]).toEqual([0, 0, expect.closeTo(0.6, 6), expect.closeTo(0.8, 6)])
      expect([...gradients.get('x')!.data]).toEqual([0, 0, expect.closeTo(-0.064, 5), expect.closeTo(0.048, 5)])
    }
  })

  it('embeddingBag gives zero vectors for empty bags, also when all are', async () => {
    for (const engine of both()) {
      const { y, composed } = await run(engine, () => {
        const [table, ids, offsets] = [tf.ones([2, 3]) as tf.Tensor2D, tf.tensor1d([], 'int32'), tf.tensor1d([0, 0, 0], 'int32')]
        return { y: embeddingBag(table, ids, offsets), composed: composedEmbeddingBag(table, ids, offsets) }
      })
      expect(y).toEqual({ shape: [2, 3], data: new Float32Array(6) })
      expect(composed).toEqual({ shape: [2, 3], data: new Float32Array(6) })
    }
  })

  it('embeddingBag equals the composed form', async () => {
    for (const engine of both()) {
      const { y, composed } = await run(engine, () => {
        const table = tf.randomNormal([50, 20], 0, 1, 'float32', 3) as tf.Tensor2D
        const ids = tf.cast(tf.randomUniform([300], 0, 50, 'float32', 4), 'int32') as tf.Tensor1D
        const offsets = tf.tensor1d([0, 10, 10, 150, 300], 'int32')
        return { y: embeddingBag(table, ids, offsets), composed: composedEmbeddingBag(table, ids, offsets) }
      })
      expect(largestDifference(y, composed)).toBeLessThan(1e-5)
    }
  })

  it('an id outside the table is refused, not read', async () => {
    for (const engine of both()) {
      const bad = run(engine, () => ({
        y: embeddingBag(tf.ones([2, 3]) as tf.Tensor2D, tf.tensor1d([2], 'int32'), tf.tensor1d([0, 1], 'int32')),
      }))
      await expect(bad).rejects.toMatchObject({ code: 'tensor.row' })
    }
  })

  it('softmaxCrossEntropy takes classes with logit −Infinity and target 0', async () => {
    for (const engine of both()) {
      const { y } = await run(engine, () => ({
        y: softmaxCrossEntropy(tf.tensor2d([[0, Number.NEGATIVE_INFINITY, 0]]), tf.tensor1d([0], 'int32')),
      }))
      expect(y.data[0]).toBeCloseTo(Math.log(2), 6)
    }
  })

  it('gelu is exact to 1e-6 in both forms', async () => {
    // torch.nn.functional.gelu(torch.tensor([-3., -1., 0.5, 2.]), approximate=…)
    const expected = {
      erf: [-0.0040496947, -0.158655256, 0.3457312286, 1.9544997215],
      tanh: [-0.003637392, -0.1588079929, 0.3457140028, 1.9545977116],
    }
    for (const engine of both()) {
      for (const approximation of ['erf', 'tanh'] as const) {
        const { y } = await run(engine, () => ({ y: gelu(tf.tensor1d([-3, -1, 0.5, 2]), approximation) }))
        expected[approximation].forEach((value, at) => {
          expect(Math.abs(y.data[at] - value)).toBeLessThan(1e-6)
        })
      }
    }
  })
})

function largestDifference(a: HostTensor, b: HostTensor): number {
  expect(b.shape).toEqual(a.shape)
  return Math.max(0, ...Array.from(a.data, (value, at) => Math.abs(value - b.data[at])))
}

function size({ data }: HostTensor): number {
  return Math.max(0, ...Array.from(data, Math.abs))
}
