import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { knownSize } from './known-size.js'

const text = (svg: string) => new TextEncoder().encode(svg)
const picture = () => sharp({ create: { width: 7, height: 5, channels: 3, background: '#fff' } })

describe('the size that the first bytes tell', () => {
  it('is that of a PNG, unless EXIF may turn it', async () => {
    expect(knownSize(await picture().png().toBuffer(), 'png')).toEqual([5, 7])
    expect(knownSize(await picture().png().withMetadata({ orientation: 6 }).toBuffer(), 'png')).toBeUndefined()
  })

  it('is that of a JPEG, progressive or not, unless EXIF may turn it', async () => {
    for (const progressive of [false, true]) {
      const jpeg = picture().jpeg({ progressive })
      expect(knownSize(await jpeg.toBuffer(), 'jpeg')).toEqual([5, 7])
      expect(knownSize(await jpeg.withMetadata({ orientation: 6 }).toBuffer(), 'jpeg')).toBeUndefined()
    }
    const bytes = await picture().jpeg().toBuffer()
    for (const length of [3, 10, 60]) expect(knownSize(bytes.subarray(0, length), 'jpeg')).toBeUndefined()
  })

  it('is nothing of a PNG that ends early or says that it has no pixels', async () => {
    const bytes = await picture().png().toBuffer()
    for (const length of [0, 8, 20, 33]) expect(knownSize(bytes.subarray(0, length), 'png')).toBeUndefined()
    const none = Uint8Array.from(bytes)
    none.fill(0, 16, 24)
    expect(knownSize(none, 'png')).toBeUndefined()
  })

  it.each([
    '<svg xmlns="http://www.w3.org/2000/svg" width="64" height="32"/>',
    '<?xml version="1.0"?>\n<svg height=\'32px\' viewBox="0 0 9 9" xmlns="http://www.w3.org/2000/svg" width="64"><path d="M0 0h9v9z"/></svg>',
  ])('is that of an SVG as the decoder sees it: %s', async (svg) => {
    const { width, height } = await sharp(text(svg)).metadata()
    expect(knownSize(text(svg), 'svg')).toEqual([height, width])
  })

  it.each([
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"></svg>',
    '<svg xmlns="http://www.w3.org/2000/svg" width="2em" height="32"></svg>',
    '<svg xmlns="http://www.w3.org/2000/svg" width="64" height="32" style="width:9px"></svg>',
    '<svg xmlns="http://www.w3.org/2000/svg" width="64" height="32"><style>svg{width:9px}</style></svg>',
    '<svg xmlns="http://www.w3.org/2000/svg" stroke-width="64" height="32"></svg>',
    '<!-- <svg width="1" height="1"> --><svg xmlns="http://www.w3.org/2000/svg" width="64" height="32"></svg>',
  ])('is left to the decoder: %s', (svg) => {
    expect(knownSize(text(svg), 'svg')).toBeUndefined()
  })
})
