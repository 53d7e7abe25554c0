import { seededRandom } from '@ms/core'
import { describe, expect, it } from 'vitest'
import { type Augment, augmentRandom, compose, oneOf, sometimes } from './augment.js'

const append =
  (letter: string): Augment<string> =>
  (text) =>
    text + letter

describe('augmentations', () => {
  it('are composed in order', () => {
    expect(compose(append('a'), append('b'))('', seededRandom(1))).toBe('ab')
    expect(compose<string>()('x', seededRandom(1))).toBe('x')
  })

  it('happen sometimes, or one of several', () => {
    const random = seededRandom(3)
    const count = Array.from({ length: 4000 }, () => sometimes(0.3, append('!'))('', random)).filter(Boolean).length
    expect(Math.abs(count / 4000 - 0.3)).toBeLessThan(0.025)
    const chosen = Array.from({ length: 3000 }, () => oneOf(append('a'), append('b'), append('c'))('', random))
    for (const letter of 'abc') expect(Math.abs(chosen.filter((x) => x === letter).length / 3000 - 1 / 3)).toBeLessThan(0.03)
    expect(() => sometimes(1.5, append('a'))).toThrow(expect.objectContaining({ code: 'augment.settings' }))
    expect(() => oneOf()).toThrow(expect.objectContaining({ code: 'augment.settings' }))
  })

  it('draw the same for the same example of an epoch, and other numbers for any other', () => {
    const first = (seed: number, epoch: number, example: number, column: number) =>
      augmentRandom(seed, { epoch, example, column }).uniform()
    expect(first(1, 2, 3, 0)).toBe(first(1, 2, 3, 0))
    const draws = [first(1, 2, 3, 0), first(2, 2, 3, 0), first(1, 3, 3, 0), first(1, 2, 4, 0), first(1, 2, 3, 1), first(1, 23, 0, 0)]
    expect(new Set(draws).size).toBe(draws.length)
    // Neighbouring examples draw independently.
    const many = Array.from({ length: 5000 }, (_, example) => first(1, 0, example, 0))
    expect(Math.abs(many.reduce((sum, x) => sum + x, 0) / 5000 - 0.5)).toBeLessThan(0.015)
    const neighbours = many.slice(1).reduce((sum, x, i) => sum + (x - 0.5) * (many[i] - 0.5), 0) / 4999 / (1 / 12)
    expect(Math.abs(neighbours)).toBeLessThan(0.05)
  })
})
