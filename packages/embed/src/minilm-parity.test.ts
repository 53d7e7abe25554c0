import { readFileSync } from 'node:fs'
import { row } from '@ms/core'
import { directoryFiles } from '@ms/core/node'
import { openEngine } from '@ms/runtime/node'
import { describe, expect, it } from 'vitest'
import { createEmbedder } from './embedder.js'
import { traced, whyNotTraced } from './fixtures/engines.js'
import { testModel } from './fixtures/test-model.js'
import { bytesOf } from './fixtures/tiny-encoders.js'
import { loadEncoder } from './load-encoder.js'

const folder = testModel('all-MiniLM-L6-v2') ?? ''
const why = folder ? '' : ' (skipped: all-MiniLM-L6-v2 is not fetched; run node scripts/fetch-test-models.mjs)'

/** Made by scripts/golden/minilm-embeddings.py. */
const golden = JSON.parse(readFileSync(new URL('../golden/minilm-embeddings.json', import.meta.url), 'utf8')) as {
  dim: number
  names: string[]
  sentences: string[]
  vectors: string
}
const expected = new Float32Array(bytesOf(golden.vectors).buffer)

describe.skipIf(!folder)(`all-MiniLM-L6-v2 gives the vectors of sentence-transformers${why}`, () => {
  // Plain JavaScript takes a second for five tokens of this network: there the long sentences are left out.
  for (const { backend, longest } of [
    { backend: 'traced', longest: 256 },
    { backend: 'wasm', longest: 256 },
    { backend: 'cpu', longest: 24 },
  ] as const) {
    it.skipIf(backend === 'traced' && !traced)(
      `on ${backend}, sentences of up to ${longest} tokens in one call${backend === 'traced' ? whyNotTraced : ''}`,
      { timeout: 600_000 },
      async () => {
        const engine = await openEngine({ backend, threads: 1 })
        const encoder = await loadEncoder(directoryFiles(folder))
        const embedder = await createEmbedder(encoder, { engine })
        const prepared = await encoder.processor.prepare(golden.sentences, 'document')
        const chosen = golden.sentences.map((_, i) => i).filter((i) => prepared[i].cost <= longest)
        expect(chosen.length).toBeGreaterThan(12)
        const found = await embedder.embed(chosen.map((i) => golden.sentences[i]))
        expect(found.dim).toBe(golden.dim)
        const far = chosen.flatMap((i, at) => {
          const wanted = expected.subarray(i * golden.dim, (i + 1) * golden.dim)
          const most = row(found, at).reduce((largest, value, j) => Math.max(largest, Math.abs(value - wanted[j])), 0)
          return most <= 1e-5 ? [] : [`${golden.names[i]}: ${most}`]
        })
        expect(far).toEqual([])
        await embedder.dispose()
        await engine.dispose()
      },
    )
  }
})
