import { createEmbedder, type OwnedEmbedder } from '@ms/embed'
import { openModel } from '@ms/embed/node'
import { openEngine } from '@ms/runtime/node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { miniImage } from './index.js'

/** Outlines of things, 64 × 64. */
const outlines = {
  heart: 'M32 56 C8 38 6 24 12 16 C20 8 30 12 32 22 C34 12 44 8 52 16 C58 24 56 38 32 56 Z',
  star: 'M32 6 L40 24 L60 26 L45 39 L49 58 L32 48 L15 58 L19 39 L4 26 L24 24 Z',
  moon: 'M40 8 A26 26 0 1 0 56 44 A22 22 0 0 1 40 8 Z',
  house: 'M6 32 L32 8 L58 32 L50 32 L50 58 L38 58 L38 42 L26 42 L26 58 L14 58 L14 32 Z',
} as const

const drawn = (outline: string, style: string) =>
  new TextEncoder().encode(`<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"><path d="${outline}" ${style}/></svg>`)

describe('ms-mini-image', () => {
  let embedder: OwnedEmbedder<string | Uint8Array>
  beforeAll(async () => {
    const { image } = await openModel(miniImage())
    embedder = await createEmbedder(image!, { engine: () => openEngine({ threads: 1 }) })
  })
  afterAll(() => embedder.dispose())

  it('takes at most 6 MB', async () => {
    const files = miniImage()
    const sizes = await Promise.all((await files.list()).map(async (name) => (await files.read(name)).length))
    const total = sizes.reduce((sum, size) => sum + size, 0)
    expect(total).toBeLessThanOrEqual(6_000_000)
    expect(total).toBeGreaterThan(1_000_000)
  })

  it('embeds in 1,280 dimensions, of unit length', async () => {
    const { data, dim } = await embedder.embed([drawn(outlines.heart, 'fill="red"')])
    expect(dim).toBe(1280)
    expect(Math.hypot(...data)).toBeCloseTo(1, 5)
  })

  it('finds the same thing in another hand', async () => {
    const things = Object.values(outlines)
    const all = async (style: string) => embedder.embed(things.map((outline) => drawn(outline, style)))
    const lines = await all('fill="none" stroke="black" stroke-width="3"')
    for (const style of [
      'fill="crimson"',
      'fill="#fc2" stroke="#a60" stroke-width="2"',
      'fill="#444" transform="translate(6 6) scale(0.8)"',
    ]) {
      const filled = await all(style)
      const nearest = things.map((_, i) => {
        const scores = things.map((_, j) => dot(filled.data, i, lines.data, j, filled.dim))
        return scores.indexOf(Math.max(...scores))
      })
      expect(nearest, style).toEqual([0, 1, 2, 3])
    }
  })
})

function dot(a: Float32Array, i: number, b: Float32Array, j: number, width: number): number {
  let sum = 0
  for (let k = 0; k < width; k++) sum += a[i * width + k] * b[j * width + k]
  return sum
}
