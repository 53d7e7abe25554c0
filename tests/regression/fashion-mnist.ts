import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32, deflateSync, gunzipSync } from 'node:zlib'
import { cacheFolder } from '../../packages/core/src/node/index.js'

/** Pictures of 28×28 pixels in ten classes of clothes (Xiao et al. 2017, MIT licence). */
export interface FashionMnist {
  /** Encoded as PNG. */
  readonly pictures: readonly Uint8Array[]
  readonly labels: readonly string[]
}

/** Where Debian's package `dataset-fashion-mnist` puts its files, or where they were put in the cache; undefined: nowhere. */
export const fashionMnistFolder = ['/usr/share/datasets/fashion-mnist', join(cacheFolder(), 'data', 'fashion-mnist')].find(existsSync)

/** Pixels in a row and in a column. */
const side = 28

/** The first pictures of a part. */
export async function readFashionMnist(part: 'train' | 't10k', count: number): Promise<FashionMnist> {
  const [images, classes] = await Promise.all([
    readIdx(`${part}-images-idx3-ubyte.gz`, [side, side]),
    readIdx(`${part}-labels-idx1-ubyte.gz`, []),
  ])
  const pictures = Array.from({ length: count }, (_, i) => greyPng(images.subarray(i * side * side, (i + 1) * side * side)))
  return { pictures, labels: Array.from({ length: count }, (_, i) => String(classes[i])) }
}

/** The bytes behind the header of a file in the IDX format: two zeros, the type, how many dimensions, each as a 32-bit number. */
async function readIdx(name: string, item: readonly number[]): Promise<Uint8Array> {
  const bytes = gunzipSync(await readFile(join(fashionMnistFolder ?? '', name)))
  const [, , type, dimensions] = bytes
  const shape = Array.from({ length: dimensions }, (_, i) => bytes.readUInt32BE(4 + 4 * i))
  if (type !== 8 || String(shape.slice(1)) !== String(item)) throw new Error(`${name} holds ${shape} of type ${type}`)
  return bytes.subarray(4 + 4 * dimensions)
}

/** A picture of 8 bits a pixel as a PNG file (PNG specification, third edition: chunks are length, type, data, CRC). */
function greyPng(pixels: Uint8Array): Uint8Array {
  const chunk = (type: string, data: Uint8Array) => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
    const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)]
    length.writeUInt32BE(data.length)
    check.writeUInt32BE(crc32(body))
    return Buffer.concat([length, body, check])
  }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(side, 0)
  header.writeUInt32BE(side, 4)
  header[8] = 8
  // Each row begins with the number of its filter: none.
  const rows = Buffer.alloc(side * (side + 1))
  for (let y = 0; y < side; y++) rows.set(pixels.subarray(y * side, (y + 1) * side), y * (side + 1) + 1)
  const parts = [chunk('IHDR', header), chunk('IDAT', deflateSync(rows)), chunk('IEND', new Uint8Array())]
  return Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), ...parts])
}
