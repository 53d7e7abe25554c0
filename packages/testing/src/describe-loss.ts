import { seededRandom } from '@ms/core'
import type { Engine, HostTensor, Loss, LossExamples } from '@ms/core/tensor'
import { describe, expect, it } from 'vitest'
import { runLoss } from './run-loss.js'

export interface DescribeLossOptions {
  create: () => Loss
  /** Opened and disposed of for every value that is computed: a plain CPU engine is best. */
  engine: () => Promise<Engine>
}

const [batch, dim] = [4, 6]
const columnCounts: Readonly<Record<Loss['columns'], readonly number[]>> = {
  pair: [2, 3],
  triplet: [3, 4],
  'scored-pair': [2],
  labelled: [1],
}

/**
 * The conformance suite of losses: finite values, gradients that predict how the value changes, independence of the
 * examples' order, and defined results for embeddings that are zero or equal.
 */
export function describeLoss(name: string, { create, engine }: DescribeLossOptions): void {
  describe(`loss ${name}`, () => {
    const loss = create()
    for (const columns of columnCounts[loss.columns]) {
      const examples = someExamples(columns)
      const run = (embeddings: readonly HostTensor<Float32Array>[], given = examples) =>
        runLoss(create(), { engine, embeddings, examples: given })

      it(`has the gradient of its value (${columns} columns)`, async () => {
        const at = someEmbeddings(columns)
        const { value, gradients } = await run(at)
        expect(Number.isFinite(value)).toBe(true)
        for (let direction = 0; direction < 3; direction++) {
          const random = seededRandom(direction, 'direction')
          const way = at.map(({ data }) => Float32Array.from(data, random.normal))
          const step = 1e-3
          const moved = (by: number) => at.map(({ shape, data }, c) => ({ shape, data: data.map((x, i) => x + by * way[c][i]) }))
          const [ahead, behind] = [await run(moved(step)), await run(moved(-step))]
          const measured = (ahead.value - behind.value) / (2 * step)
          const predicted = gradients.reduce((sum, { data }, c) => data.reduce((total, slope, i) => total + slope * way[c][i], sum), 0)
          // float32 values differ by up to 1e-7 of their size; divided by the step that is 1e-4.
          expect(Math.abs(measured - predicted)).toBeLessThan(5e-3 * (1 + Math.abs(predicted)))
        }
      })

      it(`does not depend on the order of examples (${columns} columns)`, async () => {
        const embeddings = someEmbeddings(columns)
        const order = [2, 0, 3, 1]
        const turned = embeddings.map(({ shape, data }) => ({
          shape,
          data: Float32Array.from(order.flatMap((i) => [...data.subarray(i * dim, (i + 1) * dim)])),
        }))
        const { value } = await run(embeddings)
        expect((await run(turned, reorder(examples, order))).value).toBeCloseTo(value, 4)
      })

      it(`stays finite where embeddings are zero or all equal (${columns} columns)`, async () => {
        for (const fill of [0, 1]) {
          const equal = someEmbeddings(columns).map(({ shape, data }) => ({ shape, data: data.map(() => fill) }))
          const { value, gradients } = await run(equal)
          expect(Number.isFinite(value)).toBe(true)
          for (const { data } of gradients) expect(data.every(Number.isFinite)).toBe(true)
        }
      })
    }
  })
}

function someEmbeddings(columns: number): HostTensor<Float32Array>[] {
  const random = seededRandom(5, 'embeddings')
  return Array.from({ length: columns }, () => ({ shape: [batch, dim], data: Float32Array.from({ length: batch * dim }, random.normal) }))
}

function someExamples(columns: number): LossExamples {
  return {
    keys: Array.from({ length: columns }, (_, c) => Array.from({ length: batch }, (_, i) => `item ${c}.${i}`)),
    scores: [0.1, 0.8, 0.5, 0.5],
    labels: ['a', 'b', 'a', 'b'],
  }
}

function reorder({ keys, scores, labels }: LossExamples, order: readonly number[]): LossExamples {
  return {
    keys: keys.map((column) => order.map((i) => column[i])),
    scores: order.map((i) => scores![i]),
    labels: order.map((i) => labels![i]),
  }
}
