import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { drawing } from '../../images/fixtures/drawing.js'
import type { ImageSettings } from '../../images/image-settings.js'
import { imageProcessor } from './image-processor.js'
import { ReadBuffers } from './read-buffers.js'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'read-buffers-'))
})
afterAll(() => rm(folder, { recursive: true }))

it('memory is used again where it is large enough, and not kept where it is very large', () => {
  const buffers = new ReadBuffers()
  const [small, large] = [buffers.take(10), buffers.take(3_000_000)]
  expect([small.length >= 10, large.length >= 3_000_000]).toEqual([true, true])
  buffers.give(small)
  buffers.give(large)
  expect(buffers.take(20)).toBe(small)
  expect(buffers.take(20)).not.toBe(large)
  buffers.give(small)
  expect(buffers.take(small.length + 1).length).toBeGreaterThan(small.length)
})

it('files that are read into the same memory do not mix', async () => {
  const { pixels, width, height } = drawing(96, 64)
  const settings: ImageSettings = { resize: [32, 48], crop: [32, 48], interpolation: 'bicubic', mean: [0, 0, 0], std: [1, 1, 1] }
  const encoded = await Promise.all(
    Array.from({ length: 48 }, (_, i) => {
      const picture = sharp(pixels, { raw: { width, height, channels: 3 } }).tint({ r: i * 5, g: 255 - i * 5, b: 128 })
      return (i % 3 === 0 ? picture.png({ compressionLevel: i % 10 }) : i % 3 === 1 ? picture.jpeg() : picture.webp()).toBuffer()
    }),
  )
  const paths = encoded.map((_, i) => join(folder, `${i}`))
  await Promise.all(paths.map((path, i) => writeFile(path, encoded[i])))
  const processor = imageProcessor(settings, { memory: 0, concurrency: 3 })
  const wanted = await processor.prepare(encoded)
  for (let round = 0; round < 3; round++) expect(await processor.prepare(paths)).toEqual(wanted)
})
