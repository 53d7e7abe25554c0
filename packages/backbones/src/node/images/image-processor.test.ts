import { mkdir, mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { deflateSync } from 'node:zlib'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { drawing } from '../../images/fixtures/drawing.js'
import type { ImageSettings } from '../../images/image-settings.js'
import { resample } from '../../images/resample.js'
import { imageProcessor } from './image-processor.js'
import { prepareReadable } from './prepare-readable.js'

const plain: ImageSettings = { resize: [32, 48], crop: [32, 48], interpolation: 'bicubic', mean: [0, 0, 0], std: [1, 1, 1] }
const square: ImageSettings = { ...plain, resize: 40, crop: [32, 32], mean: [0.5, 0.4, 0.3], std: [0.2, 0.3, 0.4] }

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pictures-'))
})
afterAll(() => rm(folder, { recursive: true }))

const { pixels, width, height } = drawing(96, 64)
const raw = () => sharp(pixels, { raw: { width, height, channels: 3 } })
const keep = async (name: string, bytes: Uint8Array | string) => {
  await writeFile(join(folder, name), bytes)
  return join(folder, name)
}
const largestDifference = (a: Uint8Array, b: Uint8Array) => {
  expect(a.length).toBe(b.length)
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0)
}
const meanDifference = (a: Uint8Array, b: Uint8Array) => {
  expect(a.length).toBe(b.length)
  return a.reduce((sum, value, i) => sum + Math.abs(value - b[i]), 0) / a.length
}
const pixelAt = (picture: { width: number; pixels: Uint8Array }, x: number, y: number) => [
  ...picture.pixels.subarray((y * picture.width + x) * 3, (y * picture.width + x) * 3 + 3),
]
const svg = (inside: string, prolog = '') =>
  new TextEncoder().encode(
    `${prolog}<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="24" height="16">${inside}</svg>`,
  )

describe('pictures of every kind', () => {
  it('that lose nothing are the scaled pixels; the lossy formats are near', async () => {
    const wanted = resample(drawing(96, 64), { width: 48, height: 32, interpolation: 'bicubic' }).pixels
    const encoded = {
      png: await raw().png().toBuffer(),
      webp: await raw().webp({ lossless: true }).toBuffer(),
      jpeg: await raw().jpeg({ quality: 95, chromaSubsampling: '4:4:4' }).toBuffer(),
      avif: await raw().avif({ quality: 90 }).toBuffer(),
    }
    const prepared = await imageProcessor(plain).prepare(Object.values(encoded))
    for (const [i, name] of Object.keys(encoded).entries()) {
      expect([prepared[i].width, prepared[i].height, prepared[i].cost]).toEqual([48, 32, 1])
      // Hard edges of the drawing, at which libvips rounds otherwise than PIL.
      expect(meanDifference(prepared[i].pixels, wanted), name).toBeLessThan(name === 'png' ? 1 : 5)
    }
  })

  it('grey, 16-bit, CMYK and palette pictures become 8-bit RGB', async () => {
    const flat = (channels: number) => sharp({ create: { width: 60, height: 40, channels: 3, background: { r: channels, g: 100, b: 50 } } })
    const grey = await flat(100).greyscale().png().toBuffer()
    const deep = await flat(200).toColourspace('rgb16').png().toBuffer()
    const cmyk = await flat(200).toColourspace('cmyk').jpeg({ quality: 100 }).toBuffer()
    const palette = await flat(200).png({ palette: true }).toBuffer()
    expect((await sharp(deep).metadata()).depth).toBe('ushort')
    expect((await sharp(cmyk).metadata()).space).toBe('cmyk')
    const [g, d, c, p] = await imageProcessor(plain).prepare([grey, deep, cmyk, palette])
    for (const picture of [g, d, c, p]) expect(picture.pixels.length).toBe(48 * 32 * 3)
    const [red, green, blue] = pixelAt(g, 5, 5)
    expect(red === green && green === blue && red > 60 && red < 140).toBe(true)
    expect(pixelAt(d, 5, 5)).toEqual([200, 100, 50])
    expect(pixelAt(p, 5, 5)).toEqual([200, 100, 50])
    for (const [i, value] of pixelAt(c, 5, 5).entries()) expect(Math.abs(value - [200, 100, 50][i])).toBeLessThan(40)
  })

  it('a transparent picture stands on white, not on what its hidden colour was', async () => {
    const clear = await sharp({ create: { width: 60, height: 40, channels: 4, background: { r: 255, g: 0, b: 0, alpha: 0 } } })
      .png()
      .toBuffer()
    const [picture] = await imageProcessor(plain).prepare([clear])
    expect(pixelAt(picture, 20, 20)).toEqual([255, 255, 255])
  })

  it('a photograph lies as its EXIF orientation says', async () => {
    const half = await sharp({ create: { width: 64, height: 32, channels: 3, background: '#000' } })
      .composite([
        {
          input: await sharp({ create: { width: 32, height: 32, channels: 3, background: '#fff' } })
            .png()
            .toBuffer(),
          left: 0,
          top: 0,
        },
      ])
      .jpeg({ quality: 100 })
      .withMetadata({ orientation: 6 })
      .toBuffer()
    const [picture] = await imageProcessor({ ...square, resize: 20, crop: [20, 20] }, { extent: 'whole' }).prepare([half])
    expect([picture.width, picture.height]).toEqual([20, 40])
    expect(pixelAt(picture, 10, 5)[0]).toBeGreaterThan(240)
    expect(pixelAt(picture, 10, 34)[0]).toBeLessThan(15)
  })

  it('of an animation the first frame', async () => {
    const frame = (background: string) =>
      sharp({ create: { width: 60, height: 40, channels: 3, background } })
        .png()
        .toBuffer()
    for (const format of ['gif', 'webp'] as const) {
      const moving = await sharp([await frame('#f00'), await frame('#00f')], { join: { animated: true } })
        [format]()
        .toBuffer()
      expect((await sharp(moving).metadata()).pages).toBe(2)
      const [picture] = await imageProcessor(plain).prepare([moving])
      expect([picture.width, picture.height]).toEqual([48, 32])
      const [red, , blue] = pixelAt(picture, 20, 20)
      expect(red > 240 && blue < 20).toBe(true)
    }
  })

  it('a drawing (SVG) is drawn at the size that is wanted, however small it says it is', async () => {
    const [large] = await imageProcessor({ ...plain, resize: [160, 240], crop: [160, 240] }).prepare([
      svg(
        '<rect x="12" width="12" height="16"/>',
        '<?xml version="1.0"?>\n<!-- a\ncomment -->\n<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/x.dtd">',
      ),
    ])
    // A picture of 24×16 that was enlarged would be grey at the edge.
    expect([pixelAt(large, 118, 80)[0], pixelAt(large, 121, 80)[0]]).toEqual([255, 0])
  })

  it('a small picture is enlarged where PIL puts its pixels', async () => {
    const small = drawing(20, 14)
    const png = await sharp(small.pixels, { raw: { width: 20, height: 14, channels: 3 } })
      .png()
      .toBuffer()
    const [picture] = await imageProcessor({ ...square, crop: [30, 36] }, { extent: 'whole' }).prepare([png])
    expect([picture.width, picture.height]).toEqual([57, 40])
    expect(largestDifference(picture.pixels, resample(small, { width: 57, height: 40, interpolation: 'bicubic' }).pixels)).toBe(0)
  })

  it.each([
    [96, 64],
    [64, 97],
    [333, 64],
    [61, 400],
    [30, 21],
  ])('the network sees the same of a picture of %i×%i whether it was prepared whole or cut', async (w, h) => {
    const png = await sharp(drawing(w, h).pixels, { raw: { width: w, height: h, channels: 3 } })
      .png()
      .toBuffer()
    for (const halves of ['down', 'even'] as const) {
      const settings: ImageSettings = { ...square, crop: [31, 32], halves }
      const [cut, whole] = [imageProcessor(settings), imageProcessor(settings, { extent: 'whole' })]
      const [a, b] = [await cut.prepare([png]), await whole.prepare([png])]
      expect(a[0].pixels.length).toBe(31 * 32 * 3)
      expect(Math.max(b[0].width, b[0].height)).toBeLessThanOrEqual(2 * 40 + 3)
      expect(cut.collate(a)).toEqual(whole.collate(b))
    }
  })

  it('are normalised and stacked', async () => {
    const png = await raw().png().toBuffer()
    const processor = imageProcessor(square)
    const prepared = await processor.prepare([png, await raw().flop().png().toBuffer()])
    const { pixel_values } = processor.collate(prepared)
    expect(pixel_values.shape).toEqual([2, 32, 32, 3])
    const [x, y, channel] = [7, 9, 2]
    expect(pixel_values.data[32 * 32 * 3 + (y * 32 + x) * 3 + channel]).toBeCloseTo(
      (pixelAt(prepared[1], x, y)[channel] / 255 - 0.3) / 0.4,
      5,
    )
    const first = imageProcessor(square, { channels: 'first' }).collate(prepared).pixel_values
    expect(first.shape).toEqual([2, 3, 32, 32])
    for (let at = 0; at < first.data.length; at++) {
      const [i, c, place] = [Math.floor(at / 3072), Math.floor(at / 1024) % 3, at % 1024]
      expect(first.data[at]).toBe(pixel_values.data[(i * 1024 + place) * 3 + c])
    }
    expect(() => processor.collate([{ ...prepared[0], width: 16, height: 64 }])).toThrow(expect.objectContaining({ code: 'picture.size' }))
  })
})

/** A PNG that says it is 30000×30000 and holds almost nothing. */
function pngBomb(): Uint8Array {
  const chunk = (type: string, data: Uint8Array) => {
    const bytes = Buffer.alloc(12 + data.length)
    bytes.writeUInt32BE(data.length, 0)
    bytes.write(type, 4, 'latin1')
    bytes.set(data, 8)
    bytes.writeUInt32BE(crc(bytes.subarray(4, 8 + data.length)), 8 + data.length)
    return bytes
  }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(30_000, 0)
  header.writeUInt32BE(30_000, 4)
  header.set([8, 2, 0, 0, 0], 8)
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(Buffer.alloc(1000))),
    chunk('IEND', new Uint8Array()),
  ])
}

function crc(bytes: Uint8Array): number {
  let value = 0xffffffff
  for (const byte of bytes) {
    value ^= byte
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1
  }
  return (value ^ 0xffffffff) >>> 0
}

describe('bad pictures', () => {
  const laughs = Array.from({ length: 9 }, (_, i) => `<!ENTITY l${i + 1} "${`&l${i};`.repeat(10)}">`).join('')
  const cases: [name: string, code: string, bytes: () => Promise<Uint8Array | string> | Uint8Array | string][] = [
    ['empty.png', 'picture.empty', () => ''],
    ['truncated.jpg', 'picture.broken', async () => (await raw().jpeg().toBuffer()).subarray(0, 900)],
    ['truncated.png', 'picture.broken', async () => (await raw().png().toBuffer()).subarray(0, 400)],
    ['only-a-header.webp', 'picture.broken', async () => (await raw().webp().toBuffer()).subarray(0, 16)],
    ['damaged.gif', 'picture.broken', async () => (await raw().gif().toBuffer()).subarray(0, 60)],
    ['text.png', 'picture.format', () => 'this is no picture'],
    ['page.jpg', 'picture.format', () => '<!DOCTYPE html><html><body><svg></svg></body></html>'],
    ['paper.png', 'picture.format', () => '%PDF-1.7 …'],
    ['many-comments.svg', 'picture.format', () => '<!---->'.repeat(20_000)],
    ['bomb.png', 'picture.too-large', pngBomb],
    ['bomb.svg', 'picture.too-large', () => '<svg xmlns="http://www.w3.org/2000/svg" width="30000" height="30000"/>'],
    ['file.svg', 'picture.unsafe', () => svg('<image width="9" height="9" href="file:///etc/passwd"/>')],
    ['host.svg', 'picture.unsafe', () => svg("<image width='9' height='9' xlink:href='http://127.0.0.1:9/x.png'/>")],
    ['relative.svg', 'picture.unsafe', () => svg('<use href="other.svg#a"/>')],
    ['style.svg', 'picture.unsafe', () => svg('<style>@import url(http://127.0.0.1:9/x.css);</style>')],
    ['url.svg', 'picture.unsafe', () => svg('<rect width="9" height="9" fill="url(  http://127.0.0.1:9/x.svg#a)"/>')],
    ['cdata.svg', 'picture.unsafe', () => svg('<style><![CDATA[<!-- ]]></style><use href="http://h/x.svg#a"/><!-- -->')],
    ['instruction.svg', 'picture.unsafe', () => svg('<?a <!-- ?><use href="http://h/x.svg#a"/><!-- -->')],
    ['type.svg', 'picture.format', () => svg('<use href="http://h/x.svg#a"/><!-- -->', '<!DOCTYPE svg SYSTEM "a><!--">')],
    ['notation.svg', 'picture.unsafe', () => svg('<use href="h.svg#a"/><!-- -->', '<!DOCTYPE svg [<!NOTATION n SYSTEM "<!--">]>')],
    ['hidden-entity.svg', 'picture.unsafe', () => svg('&a;<use href="h.svg#a"/><!-- -->', '<!DOCTYPE svg [<!ENTITY a "<!--">]>')],
    ['css-escape.svg', 'picture.unsafe', () => svg('<style>@\\69mport "x.css";</style>')],
    ['xml-escape.svg', 'picture.unsafe', () => svg('<rect width="9" height="9" fill="u&#x72;l(http://h/x.svg#a)"/>')],
    ['sheet.svg', 'picture.unsafe', () => svg('', '<?xml-stylesheet href="x.css"?>')],
    ['entity.svg', 'picture.unsafe', () => svg('<text>&x;</text>', '<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>')],
    ['laughs.svg', 'picture.unsafe', () => svg('<text>&l9;</text>', `<!DOCTYPE svg [<!ENTITY l0 "lol">${laughs}]>`)],
    ['latin.svg', 'picture.unsafe', () => new Uint8Array([...svg('<text>'), 0xe9])],
    ['unclosed-comments.svg', 'picture.unsafe', () => svg('<!--'.repeat(500_000))],
    ['broken.svg', 'picture.broken', () => svg('<g>')],
  ]

  it.each(cases)('%s is refused as %s, by name', async (name, code, bytes) => {
    const path = await keep(name, await bytes())
    await expect(imageProcessor(plain).prepare([path])).rejects.toMatchObject({
      code,
      kind: 'input',
      where: path,
      advice: expect.any(String),
    })
  })

  it('a mislabelled picture is read for what it is', async () => {
    const path = await keep('really-a-png.jpg', await raw().png().toBuffer())
    expect((await imageProcessor(plain).prepare([path])).length).toBe(1)
  })

  it('drawings with harmless references are drawn', async () => {
    const inside = '<a href="http://example.org/"><use href="#a"/></a><g id="a" fill="url(#g)" style="mask:url( &quot;#m&quot; )"/>'
    const entity = '<!DOCTYPE svg [<!ENTITY ns_svg "http://www.w3.org/2000/svg">]>'
    const picture = await raw().resize(4, 4).png().toBuffer()
    const embedded = `<image width="9" height="9" href="data:image/png;base64,${picture.toString('base64')}"/>`
    expect((await imageProcessor(plain).prepare([svg(inside + embedded, entity)])).length).toBe(1)
  })

  it('limits are those that were set', async () => {
    const png = await raw().png().toBuffer()
    const path = await keep('large.png', png)
    for (const limits of [{ bytes: png.length - 1 }, { pixels: 96 * 64 - 1 }]) {
      for (const item of [path, new Uint8Array(png)]) {
        await expect(imageProcessor(plain, { limits }).prepare([item])).rejects.toMatchObject({ code: 'picture.too-large' })
      }
    }
    expect((await imageProcessor(plain, { limits: { bytes: png.length, pixels: 96 * 64 } }).prepare([path])).length).toBe(1)
  })

  it('what is not there, or no file, is named', async () => {
    await mkdir(join(folder, 'a-folder.png'), { recursive: true })
    for (const path of [join(folder, 'absent.png'), join(folder, 'a-folder.png')]) {
      await expect(imageProcessor(plain).prepare([path])).rejects.toMatchObject({ code: 'picture.unreadable', where: path })
    }
    await expect(imageProcessor(plain).prepare([await raw().png().toBuffer(), new Uint8Array()])).rejects.toMatchObject({
      code: 'picture.empty',
      where: expect.stringContaining('2'),
    })
  })

  it('are skipped, counted and listed; --strict stops', async () => {
    const good = await keep('good.png', await raw().png().toBuffer())
    const items = [
      good,
      join(folder, 'absent.png'),
      await raw().webp().toBuffer(),
      await keep('half.jpg', (await raw().jpeg().toBuffer()).subarray(0, 700)),
      good,
    ]
    const processor = imageProcessor(plain)
    const seen: number[] = []
    const { prepared, positions, broken } = await prepareReadable(processor, items, { onProgress: ({ done }) => seen.push(done) })
    expect([...positions]).toEqual([0, 2, 4])
    expect(prepared.map((picture) => picture.width)).toEqual([48, 48, 48])
    expect(broken.map(({ position, error }) => [position, error.code])).toEqual([
      [1, 'picture.unreadable'],
      [3, 'picture.broken'],
    ])
    expect(seen).toEqual([1, 2, 3, 4, 5])
    await expect(prepareReadable(processor, items, { strict: true, concurrency: 1 })).rejects.toMatchObject({ code: 'picture.unreadable' })
    await expect(prepareReadable(processor, items, { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' })
    const failing = { ...processor, prepare: () => Promise.reject(new TypeError('of our own making')) }
    await expect(prepareReadable(failing, items)).rejects.toThrow(TypeError)
  })
})

describe('what was decoded is kept', () => {
  it('in memory, under its budget, as long as the file is the same', async () => {
    const paths = await Promise.all(
      [0, 1, 2].map(async (i) =>
        keep(
          `kept-${i}.png`,
          await raw()
            .resize(96 - i, 64)
            .png()
            .toBuffer(),
        ),
      ),
    )
    const processor = imageProcessor(plain, { memory: 2 * 48 * 32 * 3, concurrency: 1 })
    const [first, second] = await processor.prepare(paths.slice(0, 2))
    expect(await processor.prepare(paths.slice(0, 2))).toEqual([first, second])
    expect((await processor.prepare([paths[0]]))[0]).toBe(first)
    const [third] = await processor.prepare([paths[2]]) // pushes out the second, used longest ago
    expect((await processor.prepare([paths[2]]))[0]).toBe(third)
    expect((await processor.prepare([paths[0]]))[0]).toBe(first)
    expect((await processor.prepare([paths[1]]))[0]).not.toBe(second)
    await writeFile(paths[1], await raw().negate().png().toBuffer())
    expect((await processor.prepare([paths[1]]))[0].pixels).not.toEqual(second.pixels)
    const forgetful = imageProcessor(plain, { memory: 0 })
    expect((await forgetful.prepare([paths[0]]))[0]).not.toBe((await forgetful.prepare([paths[0]]))[0])
  })

  it('on disk, by content and settings; a damaged file counts as absent', async () => {
    const kept = join(folder, 'decoded')
    const png = await raw().png().toBuffer()
    const [picture] = await imageProcessor(plain, { folder: kept }).prepare([png])
    const files = async () =>
      (await readdir(kept, { recursive: true })).filter((name) => name.endsWith('.rgb')).map((name) => join(kept, name))
    const [file] = await files()
    // What another process finds: shown by changing the file's pixels, checksum and all.
    const { createHash } = await import('node:crypto')
    const bytes = Buffer.concat([Buffer.alloc(20), Buffer.alloc(48 * 32 * 3, 7)])
    bytes.writeUInt32BE(0x4d535031, 0)
    bytes.writeUInt32BE(48, 4)
    bytes.writeUInt32BE(32, 8)
    createHash('sha256').update(bytes.subarray(20)).digest().copy(bytes, 12, 0, 8)
    await writeFile(file, bytes)
    const again = async () => (await imageProcessor(plain, { folder: kept }).prepare([png]))[0]
    expect((await again()).pixels.every((value) => value === 7)).toBe(true)
    bytes[100] ^= 1
    await writeFile(file, bytes)
    expect(await again()).toEqual(picture)
    await truncate(file, 100)
    expect(await again()).toEqual(picture)
    await imageProcessor({ ...plain, interpolation: 'bilinear' }, { folder: kept }).prepare([png])
    expect((await files()).length).toBe(2)
    await expect(imageProcessor(plain, { folder: file }).prepare([png])).rejects.toMatchObject({ code: 'file.unwritable' })
  })
})

it('decoding leaves the event loop free', async () => {
  const photo = await sharp(drawing(1600, 1200).pixels, { raw: { width: 1600, height: 1200, channels: 3 } })
    .jpeg({ quality: 92 })
    .toBuffer()
  const processor = imageProcessor({ ...plain, resize: 256, crop: [224, 224] })
  await processor.prepare([photo])
  const work = processor.prepare(Array.from({ length: 12 }, () => photo))
  const spent = process.cpuUsage()
  const loop = performance.eventLoopUtilization()
  await work
  const busy = performance.eventLoopUtilization(loop).active * 1000
  const { user, system } = process.cpuUsage(spent)
  // The main thread's share of the processor time that decoding took.
  expect(busy / (user + system)).toBeLessThan(0.25)
})
