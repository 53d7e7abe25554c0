import type { PreparedPicture } from '@ms/backbones'
import { seededRandom } from '@ms/core'
import { describe, expect, it } from 'vitest'
import type { Augment } from '../augment.js'
import { colourAt, noise, painted } from '../fixtures/picture.js'
import { colourJitter, greyscale, recoloured } from './colour.js'
import { erase } from './erase.js'
import { blurred, gaussianBlur } from './gaussian-blur.js'
import { horizontalFlip } from './horizontal-flip.js'
import { mixPictures, mixPlan } from './mixup.js'
import { randomResizedCrop } from './random-resized-crop.js'
import { rotate, turned } from './rotate.js'
import { standardPictureAugment } from './standard-picture-augment.js'

const all: [string, Augment<PreparedPicture>][] = [
  ['random resized crop', randomResizedCrop({ size: [12, 20] })],
  ['flip', horizontalFlip()],
  ['rotation', rotate({ degrees: 180 })],
  ['colour jitter', colourJitter({ hue: 0.5 })],
  ['greyscale', greyscale()],
  ['blur', gaussianBlur({ sigma: [0.1, 4] })],
  ['erasing', erase({ area: [0, 1] })],
  ['the light recipe', standardPictureAugment([16, 16])],
  ['the strong recipe', standardPictureAugment([16, 16], 'strong')],
  ['the strong recipe, of pictures of next to no size', standardPictureAugment([8, 8], 'strong')],
]

describe.each(all)('%s', (_, step) => {
  it.each([
    [24, 16],
    [16, 33],
    [1, 1],
    [2, 40],
  ])('is a pure function of a picture of %i×%i and the numbers drawn', (width, height) => {
    const picture = noise(width, height)
    const before = picture.pixels.slice()
    const results = Array.from({ length: 20 }, (_, i) => step(picture, seededRandom(i)))
    expect(picture.pixels).toEqual(before)
    for (const result of results) expect(result.pixels.length).toBe(result.width * result.height * 3)
    expect(Array.from({ length: 20 }, (_, i) => step(picture, seededRandom(i)))).toEqual(results)
  })
})

const random = seededRandom(5)
const mean = ({ pixels }: PreparedPicture) => pixels.reduce((sum, value) => sum + value, 0) / pixels.length

describe('random resized crop', () => {
  it('shows parts of the wanted area and shape, from everywhere', () => {
    // Red is the place across, green the place down: corners of the result tell what was cut out.
    const picture = painted(200, 200, (x, y) => [x, y, 0])
    const parts = Array.from({ length: 300 }, () => {
      const result = randomResizedCrop({ size: [10, 10], area: [0.2, 0.5], ratio: [0.5, 2] })(picture, random)
      const [left, top] = colourAt(result, 0, 0)
      const [right, bottom] = colourAt(result, 9, 9)
      return { left, top, width: ((right - left) * 10) / 9, height: ((bottom - top) * 10) / 9 }
    })
    for (const { width, height } of parts) {
      expect((width * height) / 40_000).toBeGreaterThan(0.17)
      expect((width * height) / 40_000).toBeLessThan(0.53)
      expect(width / height).toBeGreaterThan(0.47)
      expect(width / height).toBeLessThan(2.1)
    }
    expect(Math.min(...parts.map(({ left }) => left))).toBeLessThan(12)
    expect(Math.max(...parts.map(({ left, width }) => left + width))).toBeGreaterThan(188)
  })

  it('falls back to the middle where no part has an allowed shape', () => {
    const strip = painted(300, 10, (x) => [Math.min(255, x), 0, 0])
    const result = randomResizedCrop({ size: [4, 4], area: [0.9, 1] })(strip, random)
    const [left] = colourAt(result, 0, 0)
    expect(left).toBeGreaterThan(140)
    expect(left).toBeLessThan(150)
  })
})

describe('flip and rotation', () => {
  it('a flip mirrors, twice gives the picture again', () => {
    const picture = noise(7, 3)
    const flipped = horizontalFlip()(picture, random)
    expect(colourAt(flipped, 0, 2)).toEqual(colourAt(picture, 6, 2))
    expect(horizontalFlip()(flipped, random)).toEqual(picture)
  })

  it('a quarter turn moves every pixel to its place, and none leaves it as it is', () => {
    const picture = noise(9, 9)
    expect(turned(picture, 0)).toEqual(picture)
    const quarter = turned(picture, Math.PI / 2)
    // Counter-clockwise: what was on the right is on top.
    for (const [x, y] of [
      [0, 0],
      [3, 1],
      [8, 5],
    ]) {
      for (const [i, value] of colourAt(quarter, x, y).entries())
        expect(Math.abs(value - colourAt(picture, 8 - y, x)[i])).toBeLessThanOrEqual(1)
    }
  })

  it('a small turn changes little', () => {
    const picture = painted(64, 64, (x, y) => [x * 2, y * 2, 100])
    const angles = Array.from({ length: 50 }, () => {
      const [red, green] = colourAt(rotate({ degrees: 10 })(picture, random), 50, 32)
      return Math.atan2(green - 64, red - 63) // where that pixel comes from, seen from the middle
    })
    for (const angle of angles) expect(Math.abs(angle)).toBeLessThan((11 * Math.PI) / 180)
    expect(Math.max(...angles)).toBeGreaterThan(0.1)
    expect(Math.min(...angles)).toBeLessThan(-0.1)
  })
})

describe('colour', () => {
  const same = { brightness: 1, contrast: 1, saturation: 1, hue: 0 }
  const soft = painted(16, 16, (x, y) => [60 + x * 5, 90 + y * 4, 110 + x + y])

  it('factors of 1 change nothing', () => expect(recoloured(noise(8, 8), same)).toEqual(noise(8, 8)))

  it('brightness multiplies, contrast pulls to the mean, saturation to grey', () => {
    expect(colourAt(recoloured(soft, { ...same, brightness: 0.5 }), 4, 4)).toEqual([40, 53, 59])
    const flat = recoloured(soft, { ...same, contrast: 0 })
    expect(new Set(flat.pixels).size).toBe(1)
    // PIL: round(luma) of every pixel, averaged; the mean of 60+37.5, 90+30, 110+15 weighted
    expect(flat.pixels[0]).toBe(Math.round(0.299 * 97.5 + 0.587 * 120 + 0.114 * 125))
    const [red, green, blue] = colourAt(soft, 3, 7)
    const grey = Math.round(0.299 * red + 0.587 * green + 0.114 * blue)
    expect(colourAt(greyscale()(soft, random), 3, 7)).toEqual([grey, grey, grey])
    expect(recoloured(soft, { ...same, brightness: 9 }).pixels.every((value) => value === 255)).toBe(true)
  })

  it('hue turns the colour circle: a third makes of red something green, and all round is nothing', () => {
    const red = painted(2, 2, () => [150, 100, 100])
    const [r, g, b] = colourAt(recoloured(red, { ...same, hue: 1 / 3 }), 0, 0)
    expect(g === Math.max(r, g, b) || b === Math.max(r, g, b)).toBe(true)
    expect(0.299 * r + 0.587 * g + 0.114 * b).toBeCloseTo(0.299 * 150 + 0.587 * 100 + 0.114 * 100, 0)
    expect(recoloured(soft, { ...same, hue: 1 })).toEqual(soft)
    const [x, y, z] = colourAt(recoloured(red, { ...same, hue: 0.5 }), 0, 0)
    expect(x).toBeLessThan(Math.min(y, z))
  })

  it('draws within its ranges', () => {
    const means = Array.from(
      { length: 400 },
      () => mean(colourJitter({ brightness: 0.3, contrast: 0, saturation: 0, hue: 0 })(soft, random)) / mean(soft),
    )
    expect(Math.min(...means)).toBeGreaterThan(0.69)
    expect(Math.max(...means)).toBeLessThan(1.31)
    expect(Math.max(...means) - Math.min(...means)).toBeGreaterThan(0.5)
  })
})

describe('blur', () => {
  it('is a bell of the wanted width that keeps the sum, and leaves flat pictures flat', () => {
    const point = painted(41, 41, (x, y) => (x === 20 && y === 20 ? [255, 255, 255] : [0, 0, 0]))
    const sigma = 1.5
    const result = blurred(point, sigma)
    for (const [dx, dy] of [
      [0, 0],
      [1, 0],
      [0, 2],
      [2, 1],
    ]) {
      const wanted = (255 / (2 * Math.PI * sigma * sigma)) * Math.exp(-(dx * dx + dy * dy) / (2 * sigma * sigma))
      expect(Math.abs(colourAt(result, 20 + dx, 20 + dy)[0] - wanted)).toBeLessThan(1)
    }
    const flat = painted(9, 5, () => [10, 200, 77])
    expect(blurred(flat, 3)).toEqual(flat)
    expect(Math.abs(mean(blurred(noise(32, 32), 2)) - mean(noise(32, 32)))).toBeLessThan(3)
    // Channels stay apart.
    const green = blurred(
      painted(9, 9, (x) => [0, x === 4 ? 255 : 0, 0]),
      1,
    )
    expect(colourAt(green, 5, 4).map((value) => value > 0)).toEqual([false, true, false])
  })
})

describe('erasing', () => {
  it('fills one rectangle of the wanted area with one colour', () => {
    const picture = painted(60, 60, () => [1, 2, 3])
    for (let i = 0; i < 50; i++) {
      const result = erase({ area: [0.1, 0.2], ratio: [0.5, 2] })(picture, random)
      const changed = Array.from({ length: 3600 }, (_, at) => at).filter(
        (at) => colourAt(result, at % 60, Math.floor(at / 60)).join() !== '1,2,3',
      )
      expect(changed.length).toBeGreaterThan(3600 * 0.09)
      expect(changed.length).toBeLessThan(3600 * 0.21)
      const [xs, ys] = [changed.map((at) => at % 60), changed.map((at) => Math.floor(at / 60))]
      const span = (list: number[]) => Math.max(...list) - Math.min(...list) + 1
      expect(span(xs) * span(ys)).toBe(changed.length)
      expect(new Set(changed.map((at) => colourAt(result, at % 60, Math.floor(at / 60)).join())).size).toBe(1)
    }
  })
})

describe('mixup', () => {
  it('mixes each picture with its partner by its share, in every column alike', () => {
    const batch = [noise(6, 4, 1), noise(6, 4, 2), noise(6, 4, 3)]
    const plan = { partners: Int32Array.of(1, 2, 2), shares: Float32Array.of(0.75, 0.5, 0.6) }
    const mixed = mixPictures(batch, plan)
    expect(mixed[0].pixels[5]).toBe(Math.round(0.75 * batch[0].pixels[5] + 0.25 * batch[1].pixels[5]))
    expect(mixed[2]).toBe(batch[2])
    expect(() => mixPictures([noise(6, 4), noise(4, 6), noise(6, 4)], plan)).toThrow(expect.objectContaining({ code: 'augment.size' }))
  })

  it('plans: everyone has a partner, shares are at least a half and follow alpha', () => {
    const { partners, shares } = mixPlan(50, random)
    expect([...partners].sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => i))
    expect(partners.every((partner, i) => partner !== i)).toBe(true)
    expect(shares.every((share) => share >= 0.5 && share <= 1)).toBe(true)
    const average = (alpha: number) => mixPlan(4000, random, { alpha }).shares.reduce((sum, share) => sum + share, 0) / 4000
    // Of a uniform share the larger part is ¾ on average.
    expect(average(1)).toBeCloseTo(0.75, 1.7)
    expect(average(0.2)).toBeGreaterThan(0.87)
    expect(average(20)).toBeLessThan(0.6)
    expect(mixPlan(1, random).partners[0]).toBe(0)
    expect(() => mixPlan(3, random, { alpha: 0 })).toThrow(expect.objectContaining({ code: 'augment.settings' }))
  })

  it('with labels mixes within a class only', () => {
    const labels = Array.from({ length: 40 }, (_, i) => `${i % 7}`)
    const { partners } = mixPlan(40, random, { labels })
    for (const [i, partner] of partners.entries()) expect(labels[partner]).toBe(labels[i])
  })
})

it.each([
  () => randomResizedCrop({ size: [4, 4], area: [0, 1] }),
  () => randomResizedCrop({ size: [4, 4], ratio: [2, 1] }),
  () => rotate({ degrees: -1 }),
  () => colourJitter({ brightness: 2 }),
  () => colourJitter({ hue: 0.6 }),
  () => gaussianBlur({ sigma: [0, 1] }),
  () => erase({ area: [0.5, 1.5] }),
])('settings that cannot be meant are refused: %s', (make) => {
  expect(make).toThrow(expect.objectContaining({ code: 'augment.settings', kind: 'input' }))
})
