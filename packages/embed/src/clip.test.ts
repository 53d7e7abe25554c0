import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { row, type Vectors } from '@ms/core'
import { createEagerEngine } from '@ms/runtime'
import { describe, expect, it } from 'vitest'
import type { LoadedModel } from './load-model.js'
import { createModelEmbedders } from './model-embedders.js'
import { openModel } from './node/open-model.js'
import { saveModelDirectory } from './node/save-model-directory.js'

/** Made by scripts/golden/tiny_clip.py with transformers. */
const folder = fileURLToPath(new URL('../golden/tiny-clip', import.meta.url))
const expected: { texts: string[]; text: number[][]; pictures: string[]; image: number[][] } = JSON.parse(
  await readFile(join(folder, 'expected.json'), 'utf8'),
)

async function vectorsOf(model: LoadedModel): Promise<{ text: Vectors; image: Vectors; space: string }> {
  const engine = await createEagerEngine({ backend: 'wasm' })
  const embedders = await createModelEmbedders(model, { engine })
  try {
    const text = await embedders.text!.embed(expected.texts)
    const image = await embedders.image!.embed(expected.pictures.map((name) => join(folder, name)))
    return { text, image, space: embedders.space }
  } finally {
    await embedders.dispose()
    await engine.dispose()
  }
}

function expectRows(found: Vectors, wanted: readonly (readonly number[])[]): void {
  for (const [i, values] of wanted.entries()) {
    const size = Math.hypot(...values)
    const error = Math.hypot(...values.map((value, j) => value - row(found, i)[j]))
    expect(error / size, `row ${i}`).toBeLessThan(1e-4)
  }
}

describe('a CLIP directory', () => {
  it('is two encoders into one space, which make what transformers makes of texts and pictures', async () => {
    const model = await openModel(folder)
    expect([model.text?.dim, model.image?.dim, model.text?.notices]).toEqual([10, 10, []])
    const { text, image } = await vectorsOf(model)
    expectRows(text, expected.text)
    expectRows(image, expected.image)
  })

  it('is the same after it was saved', async () => {
    const saved = await mkdtemp(join(tmpdir(), 'ms-clip-'))
    try {
      const model = await openModel(folder)
      await saveModelDirectory(model, join(saved, 'model'))
      const again = await vectorsOf(await openModel(join(saved, 'model')))
      const before = await vectorsOf(model)
      expectRows(again.text, expected.text)
      expect(again.image).toEqual(before.image)
      expect(again.space).toBe(before.space)
    } finally {
      await rm(saved, { recursive: true, force: true })
    }
  })
})
