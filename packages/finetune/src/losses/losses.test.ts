import { readFileSync } from 'node:fs'
import type { Examples } from '@ms/core'
import type { Engine, HostTensor, Loss } from '@ms/core/tensor'
import { checkGradients, createEagerEngine } from '@ms/runtime'
import { describeLoss } from '@ms/testing'
import type { Tensor2D } from '@tensorflow/tfjs-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cosentLoss, cosineSimilarityLoss } from './cosine-similarity.js'
import { multipleNegativesRanking } from './multiple-negatives-ranking.js'
import { tripletLoss } from './triplet.js'

interface Golden {
  shape: [number, number]
  columns: number[][]
  scores: number[]
  cases: { loss: string; columns: number; options: Record<string, never>; value: number; gradients: number[][] }[]
}
const golden: Golden = JSON.parse(readFileSync(new URL('../../golden/losses.json', import.meta.url), 'utf8'))
const [batch, dim] = golden.shape
const create: Record<string, (options: Record<string, never>) => Loss> = {
  mnrl: multipleNegativesRanking,
  triplet: tripletLoss,
  cosine: cosineSimilarityLoss,
  cosent: cosentLoss,
}
const distinct = (columns: number) => Array.from({ length: columns }, (_, c) => Array.from({ length: batch }, (_, i) => `${c}-${i}`))

let engine: Engine
beforeAll(async () => {
  engine = await createEagerEngine({ backend: 'cpu' })
})
afterAll(() => engine.dispose())

/** The embeddings themselves are the weights: their gradients come back. */
async function run(loss: Loss, columns: readonly (readonly number[])[], keys: readonly (readonly string[])[], kind?: Examples['kind']) {
  const values = new Map(
    columns.map((column, i): [string, HostTensor<Float32Array>] => [`${i}`, { shape: [batch, dim], data: Float32Array.from(column) }]),
  )
  const inputs = loss.inputs?.({ kind, keys, scores: golden.scores }) ?? {}
  const fn = (weights: { get(name: string): unknown }, tensors: Parameters<Loss['compute']>[0]['inputs']) => ({
    loss: loss.compute({ embeddings: columns.map((_, i) => weights.get(`${i}`) as Tensor2D), inputs: tensors, weights: weights as never }),
  })
  const compiled = await engine.differentiate(fn, { constants: new Map(), trainable: [...values.keys()] })
  const { outputs, gradients } = await compiled.run(inputs, values)
  compiled.dispose()
  const check = await checkGradients(engine, fn, { inputs, parameters: values, entries: 40 })
  return { value: outputs.loss.data[0], gradients: columns.map((_, i) => [...gradients.get(`${i}`)!.data]), maxError: check.maxError }
}

describe('losses', () => {
  it.each(golden.cases.map((each) => [`${each.loss} ${JSON.stringify(each.options)}, ${each.columns} columns`, each] as const))(
    '%s: value and gradients are those of sentence-transformers',
    async (_, { loss, columns, options, value, gradients }) => {
      const result = await run(create[loss](options), golden.columns.slice(0, columns), distinct(columns))
      expect(result.value).toBeCloseTo(value, 4)
      for (const [column, expected] of gradients.entries()) {
        for (const [i, each] of expected.entries()) expect(Math.abs(result.gradients[column][i] - each)).toBeLessThan(2e-5)
      }
      expect(result.maxError).toBeLessThan(2e-2)
    },
  )

  it('never takes what is known to be right for a negative', async () => {
    const columns = golden.columns.slice(0, 2)
    const loss = (keys: string[][], changed = columns) => run(multipleNegativesRanking(), changed, keys)
    const keys = distinct(2)
    // Example 3 has the positive of example 0: moving it must not change what example 0 is asked.
    keys[1][3] = keys[1][0]
    const inputs = multipleNegativesRanking({ symmetric: true }).inputs?.({ keys })
    expect([...(inputs?.mask.data ?? [])].flatMap((value, at) => (value === 0 ? [] : [[Math.floor(at / batch), at % batch]]))).toEqual([
      [0, 3],
      [3, 0],
    ])
    const plain = await loss(distinct(2))
    const masked = await loss(keys)
    expect(masked.value).toBeLessThan(plain.value)
    // An equal anchor's positive is right too, in both directions; so is a candidate that is the anchor itself.
    const anchors = distinct(2)
    anchors[0][4] = anchors[0][1]
    anchors[1][2] = anchors[0][0]
    const mask = multipleNegativesRanking().inputs?.({ keys: anchors })?.mask.data ?? []
    expect([...mask].flatMap((value, at) => (value === 0 ? [] : [[Math.floor(at / batch), at % batch]]))).toEqual([
      [0, 2],
      [1, 4],
      [4, 1],
    ])
  })

  it('masks what is right for an anchor in another batch, in both directions', () => {
    const keys = distinct(3)
    const positives = new Map([['0-1', new Set(['1-1', '1-3', '2-0'])]])
    const inputs = multipleNegativesRanking({ symmetric: true }).inputs?.({ keys, positives })
    const masked = (name: string, width: number) =>
      [...inputs![name].data].flatMap((value, at) => (value === 0 ? [] : [[Math.floor(at / width), at % width]]))
    expect(masked('mask', 2 * batch)).toEqual([
      [1, 3],
      [1, batch],
    ])
    expect(masked('backward_mask', batch)).toEqual([[3, 1]])
  })

  it('takes the mean over several positives of a pair, each with candidates of its own column', async () => {
    for (const symmetric of [false, true]) {
      const loss = multipleNegativesRanking({ symmetric })
      const [anchors, first, second] = golden.columns
      const value = async (columns: number[][]) => (await run(loss, columns, distinct(columns.length), 'pair')).value
      const [one, other] = [await value([anchors, first]), await value([anchors, second])]
      const both = await run(loss, [anchors, first, second], distinct(3), 'pair')
      expect(both.value).toBeCloseTo((one + other) / 2, 5)
      expect(both.maxError).toBeLessThan(2e-2)
    }
  })

  it('leaves out of a further column what an example has not', async () => {
    const loss = multipleNegativesRanking({ symmetric: true })
    const keys = distinct(3)
    keys[2][1] = ''
    keys[2][3] = ''
    const moved = golden.columns[2].map((value, at) => ([1, 3].includes(Math.floor(at / dim)) ? -value : value))
    const [one, other] = [
      await run(loss, golden.columns.slice(0, 3), keys, 'pair'),
      await run(loss, [golden.columns[0], golden.columns[1], moved], keys, 'pair'),
    ]
    expect(other.value).toBeCloseTo(one.value, 6)
    for (const i of [1, 3]) expect(one.gradients[2].slice(i * dim, (i + 1) * dim).every((value) => value === 0)).toBe(true)
    expect(one.gradients[2].slice(0, dim).some((value) => value !== 0)).toBe(true)
    const nothing = distinct(3)
    nothing[2].fill('')
    const alone = await run(loss, golden.columns.slice(0, 2), distinct(2), 'pair')
    expect((await run(loss, golden.columns.slice(0, 3), nothing, 'pair')).value).toBeCloseTo(alone.value / 2, 5)
  })

  it('is finite for vectors of zeros', async () => {
    const zeros = [golden.columns[0], golden.columns[1].map(() => 0)]
    const { value, gradients } = await run(multipleNegativesRanking(), zeros, distinct(2))
    expect(Number.isFinite(value)).toBe(true)
    expect(gradients.flat().every(Number.isFinite)).toBe(true)
  })

  it('refuses options that make no sense', () => {
    expect(() => multipleNegativesRanking({ scale: 0 })).toThrow(expect.objectContaining({ code: 'loss.option' }))
    expect(() => tripletLoss({ margin: -1 })).toThrow(expect.objectContaining({ code: 'loss.option' }))
  })
})

const cpu = () => createEagerEngine({ backend: 'cpu' })
describeLoss('multipleNegativesRanking', { create: () => multipleNegativesRanking(), engine: cpu })
describeLoss('multipleNegativesRanking, symmetric', { create: () => multipleNegativesRanking({ symmetric: true }), engine: cpu })
describeLoss('tripletLoss, cosine', { create: () => tripletLoss({ distance: 'cosine' }), engine: cpu })
describeLoss('tripletLoss, euclidean', { create: () => tripletLoss(), engine: cpu })
describeLoss('cosineSimilarityLoss', { create: cosineSimilarityLoss, engine: cpu })
describeLoss('cosentLoss', { create: () => cosentLoss(), engine: cpu })
