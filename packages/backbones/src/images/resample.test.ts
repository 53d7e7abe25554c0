import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { drawing } from './fixtures/drawing.js'
import type { Interpolation } from './image-settings.js'
import { resample } from './resample.js'

interface Case {
  from: [number, number]
  to: [number, number]
  kernel: Interpolation
  box: [number, number, number, number] | null
  pixels: string
}
const cases: Case[] = JSON.parse(readFileSync(new URL('../../golden/pictures.json', import.meta.url), 'utf8'))

describe('resampling', () => {
  it.each(cases)('$from to $to, $kernel, region $box: the pixels of PIL', ({ from, to: [width, height], kernel, box, pixels }) => {
    const region = box ? { left: box[0], top: box[1], width: box[2] - box[0], height: box[3] - box[1] } : undefined
    const result = resample(drawing(...from), { width, height, interpolation: kernel, region })
    expect([result.width, result.height]).toEqual([width, height])
    const wanted = Buffer.from(pixels, 'base64')
    expect(result.pixels.length).toBe(wanted.length)
    expect(Math.max(...result.pixels.map((value, i) => Math.abs(value - wanted[i])))).toBe(0)
  })

  it('leaves a picture of the wanted size as it is', () => {
    const picture = drawing(17, 13)
    for (const interpolation of ['nearest', 'bilinear', 'bicubic', 'lanczos'] as const) {
      expect(resample(picture, { width: 17, height: 13, interpolation }).pixels).toEqual(picture.pixels)
    }
  })
})
