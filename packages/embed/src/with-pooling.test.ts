import { memoryFiles } from '@ms/core'
import { openEngine } from '@ms/runtime/node'
import { describe, expect, it } from 'vitest'
import { createEmbedder } from './embedder.js'
import { tinyEncoder } from './fixtures/tiny-encoders.js'
import { loadEncoder } from './load-encoder.js'
import type { SentenceEncoder } from './sentence-encoder.js'
import { withPooling } from './with-pooling.js'

async function vectorsOf(encoder: SentenceEncoder | undefined): Promise<Float32Array> {
  if (!encoder) throw new RangeError('there is no encoder')
  const engine = await openEngine({ backend: 'cpu' })
  try {
    const embedder = await createEmbedder(encoder, { engine })
    return (await embedder.embed(['hello search text', 'a'])).data
  } finally {
    await engine.dispose()
  }
}

describe('withPooling', () => {
  it('is the model whose files say so', async () => {
    const { files } = tinyEncoder('mean, normalised')
    const changed = memoryFiles()
    for (const name of await files.list()) await changed.write(name, await files.read(name))
    const config = JSON.parse(new TextDecoder().decode(await files.read('1_Pooling/config.json')))
    const { pooling_mode: _, ...rest } = config
    const flags = { pooling_mode_mean_tokens: false, pooling_mode_cls_token: true }
    await changed.write('1_Pooling/config.json', new TextEncoder().encode(JSON.stringify({ ...rest, ...flags })))
    const encoder = await loadEncoder(files)
    const other = await vectorsOf(withPooling(encoder, 'cls'))
    expect(other).toEqual(await vectorsOf(await loadEncoder(changed)))
    expect(other).not.toEqual(await vectorsOf(encoder))
    expect(await vectorsOf(withPooling(encoder, 'mean'))).toEqual(await vectorsOf(encoder))
  })
  it('is nothing where a model does not pool, or in several ways', async () => {
    for (const name of ['static, normalised', 'pooling all']) {
      expect(withPooling(await loadEncoder(tinyEncoder(name).files), 'cls')).toBeUndefined()
    }
  })
})
