import { MsError, normalizeRows, row } from '@ms/core'
import { createEmbedder } from '@ms/embed'
import { createEagerEngine } from '@ms/runtime'
import { describe, expect, it } from 'vitest'
import { wordsEncoder as encoder, table, width } from '../fixtures/words-encoder.js'
import { linearProjection } from './linear-projection.js'

describe('linearProjection', () => {
  const projected = linearProjection(encoder, { dim: 3, seed: 5 })
  const added = [...projected.parameters].filter(([name]) => !encoder.parameters.has(name))

  it('puts one map behind the encoder, before what normalises, and leaves the encoder as it is', async () => {
    expect([encoder.dim, projected.dim]).toEqual([width, 3])
    expect(projected.parts.modules.map(({ type }) => type)).toEqual([
      ...encoder.parts.modules.slice(0, -1).map(({ type }) => type),
      'Dense',
      'Normalize',
    ])
    expect(added.map(([, { shape }]) => shape)).toEqual([[3, width]])
    for (const [name, { data }] of encoder.parameters) expect(projected.parameters.get(name)?.data).toBe(data)
    const [[, { data: weight }]] = added
    const engine = await createEagerEngine({ backend: 'cpu' })
    const embedder = await createEmbedder(projected, { engine })
    try {
      const found = await embedder.embed(['green'], { role: 'query' })
      const given = table.subarray(2 * width, 3 * width)
      const wanted = Float32Array.from({ length: 3 }, (_, i) => given.reduce((sum, value, j) => sum + weight[i * width + j] * value, 0))
      const { data } = normalizeRows({ data: wanted, count: 1, dim: 3 })
      for (const [i, value] of row(found, 0).entries()) expect(value).toBeCloseTo(data[i], 5)
    } finally {
      await embedder.dispose()
      await engine.dispose()
    }
  })

  it('draws weights within the bound of Glorot and Bengio, by the seed', () => {
    const weights = (seed: number) =>
      [...linearProjection(encoder, { dim: 300, seed }).parameters.values()].at(-1)?.data ?? new Float32Array()
    const most = Math.sqrt(6 / (width + 300))
    const drawn = weights(1)
    expect(Math.max(...drawn.map(Math.abs))).toBeLessThanOrEqual(most)
    expect(Math.max(...drawn.map(Math.abs))).toBeGreaterThan(0.95 * most)
    expect(Math.abs(drawn.reduce((sum, value) => sum + value, 0) / drawn.length)).toBeLessThan(0.1 * most)
    expect(weights(1)).toEqual(drawn)
    expect(weights(2)).not.toEqual(drawn)
  })

  it('refuses a width that is none', () => {
    for (const dim of [0, -1, 2.5, Number.NaN]) {
      expect(() => linearProjection(encoder, { dim })).toThrow(MsError)
      expect(() => linearProjection(encoder, { dim })).toThrow(expect.objectContaining({ code: 'projection.dim' }))
    }
  })
})
