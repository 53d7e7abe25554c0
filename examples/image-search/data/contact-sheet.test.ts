import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compareSystems } from '@ms/cli'
import { type Embedder, type ImageSource, normalizeRows, pictureOf, vectors } from '@ms/core'
import sharp from 'sharp'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { contactSheet } from './contact-sheet.js'
import { drawEmoji } from './draw-emoji.js'
import { readEmoji } from './emoji.js'
import { pictureSearch, seenStyles } from './search-data.js'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ms-sheet-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** A picture's own pixels, few of them, as its vector. */
const pixels = (side: number): Embedder<ImageSource> => ({
  dim: side * side * 3,
  space: `pixels ${side}`,
  embed: async (pictures) => {
    const dim = side * side * 3
    const data = new Float32Array(pictures.length * dim)
    for (const [i, picture] of pictures.entries()) {
      const bytes = await sharp(picture).resize(side, side).raw().toBuffer()
      data.set(
        bytes.map((value) => value),
        i * dim,
      )
    }
    return normalizeRows(vectors(data, pictures.length, dim))
  },
})

it('shows a row a query, and frames what is right', async () => {
  const emoji = (await readEmoji()).filter(({ split }, i) => split === 'test' && i % 10 === 0)
  const data = pictureSearch(emoji, { ...seenStyles, splits: ['test'] }, await drawEmoji(emoji, join(folder, 'drawn')))
  const report = await compareSystems({ data, split: 'test', base: { image: pixels(2) }, tuned: { image: pixels(16) } })
  const [name] = await contactSheet(report, data, folder)
  const { data: sheet, info } = await sharp(join(folder, name)).removeAlpha().raw().toBuffer({ resolveWithObject: true })
  expect(info.width).toBeGreaterThan(600)
  expect(info.height).toBeGreaterThan(8 * 64)
  const count = (colour: readonly number[]) => {
    let found = 0
    for (let at = 0; at < sheet.length; at += 3) if (colour.every((value, c) => sheet[at + c] === value)) found++
    return found
  }
  // Frames are drawn in #16803c, and there are no more than there are right answers among what is shown.
  expect(count([0x16, 0x80, 0x3c])).toBeGreaterThan(64)
  const first = await sharp(pictureOf(data, data.queries.get([...(data.qrels.get('test')?.keys() ?? [])][0])?.image ?? '')).metadata()
  expect(first.width).toBe(64)
})
