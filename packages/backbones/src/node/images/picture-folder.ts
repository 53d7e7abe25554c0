import { createHash, randomBytes } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { MsError } from '@ms/core'
import type { PreparedPicture } from '../../images/prepared-picture.js'

const magic = 0x4d535031 // MSP1
const headerBytes = 20

const checksum = (pixels: Uint8Array) => createHash('sha256').update(pixels).digest().subarray(0, 8)

/**
 * Decoded pictures on disk, a file a picture: magic, width, height (uint32 big-endian), the first 8 bytes of the pixels'
 * SHA-256, the pixels. A file that is cut off or damaged counts as absent, so a crash costs one decoding.
 */
export class PictureFolder {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  /** @param key hexadecimal */
  async get(key: string): Promise<PreparedPicture | undefined> {
    const bytes = await readFile(this.#path(key)).catch(() => undefined)
    if (!bytes || bytes.length < headerBytes || bytes.readUInt32BE(0) !== magic) return undefined
    const [width, height] = [bytes.readUInt32BE(4), bytes.readUInt32BE(8)]
    const pixels = new Uint8Array(bytes.subarray(headerBytes))
    if (pixels.length !== width * height * 3 || !checksum(pixels).equals(bytes.subarray(12, headerBytes))) return undefined
    return { cost: 1, width, height, pixels }
  }

  /** @throws `file.unwritable` */
  async set(key: string, { width, height, pixels }: PreparedPicture): Promise<void> {
    const path = this.#path(key)
    const temporary = `${path}.${randomBytes(4).toString('hex')}.tmp`
    const header = Buffer.alloc(headerBytes)
    header.writeUInt32BE(magic, 0)
    header.writeUInt32BE(width, 4)
    header.writeUInt32BE(height, 8)
    checksum(pixels).copy(header, 12)
    try {
      await mkdir(dirname(path), { recursive: true })
      // No fsync: the checksum tells what a crash left unwritten.
      await writeFile(temporary, Buffer.concat([header, pixels]))
      await rename(temporary, path)
    } catch (cause) {
      await rm(temporary, { force: true }).catch(() => undefined)
      throw new MsError('file.unwritable', `cannot keep a decoded picture: ${cause instanceof Error ? cause.message : cause}`, {
        where: path,
        advice: 'Choose another folder for decoded pictures, or none.',
        kind: 'failure',
        cause,
      })
    }
  }

  #path(key: string): string {
    return join(this.#folder, key.slice(0, 2), `${key.slice(2)}.rgb`)
  }
}
