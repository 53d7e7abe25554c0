import { describe, expect, it } from 'vitest'
import { assertFinite, normalizeRows, row, vectors } from './vectors.js'

describe('vectors', () => {
  it('refuses data of another length', () => {
    expect(() => vectors(new Float32Array(5), 2, 3)).toThrow(expect.objectContaining({ code: 'vectors.shape' }))
  })
  it('normalises rows and leaves a zero row zero', () => {
    const all = normalizeRows(vectors(Float32Array.of(3, 4, 0, 0), 2, 2))
    expect([...row(all, 0)]).toEqual([Math.fround(0.6), Math.fround(0.8)])
    expect([...row(all, 1)]).toEqual([0, 0])
  })
  it('names the vector that is not finite', () => {
    expect(() => assertFinite(vectors(Float32Array.of(1, 2, Number.NaN, 4), 2, 2), ['a', 'b'])).toThrow('vector b holds NaN')
  })
})
