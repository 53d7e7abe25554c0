import { describe, expect, it } from 'vitest'
import { seededRandom } from './random.js'

describe('seededRandom', () => {
  it('repeats itself for a seed, differs between seeds and forks', () => {
    const draw = (seed: number, name?: string) => {
      const source = name ? seededRandom(seed).fork(name) : seededRandom(seed)
      return Array.from({ length: 5 }, () => source.uniform())
    }
    expect(draw(1)).toEqual(draw(1))
    expect(draw(1)).not.toEqual(draw(2))
    expect(draw(1, 'a')).not.toEqual(draw(1, 'b'))
  })
  it('fills arrays with the bits of its uniform numbers, and goes on behind them', () => {
    const [filling, drawing] = [seededRandom(4), seededRandom(4)]
    const words = new Int32Array(50)
    filling.fill(words)
    expect([...words].map((word) => (word >>> 0) / 2 ** 32)).toEqual(Array.from(words, () => drawing.uniform()))
    expect(filling.uniform()).toBe(drawing.uniform())
  })
  it('is uniform and normal to within sampling error', () => {
    const source = seededRandom(3)
    const uniform = Array.from({ length: 20_000 }, () => source.uniform())
    const normal = Array.from({ length: 20_000 }, () => source.normal())
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
    expect(mean(uniform)).toBeCloseTo(0.5, 1)
    expect(mean(normal)).toBeCloseTo(0, 1)
    expect(mean(normal.map((value) => value * value))).toBeCloseTo(1, 1)
  })
  it('shuffles into every order about equally often', () => {
    const source = seededRandom(5)
    const counts = new Map<string, number>()
    for (let i = 0; i < 6000; i++) {
      const order = source.shuffle(['a', 'b', 'c']).join('')
      counts.set(order, (counts.get(order) ?? 0) + 1)
    }
    expect(counts.size).toBe(6)
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(150)
  })
})
