import type { Engine } from '@ms/core/tensor'
import { createEagerEngine } from '@ms/runtime'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createEmbedder } from './embedder.js'
import { tinyEncoders } from './fixtures/tiny-encoders.js'
import { loadEncoder } from './load-encoder.js'

let engine: Engine
beforeAll(async () => {
  engine = await createEagerEngine({ backend: 'cpu' })
})
afterAll(() => engine?.dispose())

const largestDifference = (a: Float32Array, b: Float32Array) => a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0)

describe('loadEncoder gives the vectors of sentence-transformers', () => {
  for (const { name, files, texts, expected } of tinyEncoders()) {
    it(name, async () => {
      const encoder = await loadEncoder(files)
      const embedder = await createEmbedder(encoder, { engine })
      for (const { role, dim, vectors } of expected) {
        const found = await embedder.embed(texts, { role })
        expect(found.dim, role).toBe(dim)
        expect(found.count).toBe(texts.length)
        expect(largestDifference(found.data, vectors), role).toBeLessThan(1e-5)
      }
      await embedder.dispose()
    })
  }
})
