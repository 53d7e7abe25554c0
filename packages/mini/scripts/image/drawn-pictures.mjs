import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { readDrawings } from './drawings.mjs'

/**
 * The drawings as files: 64 × 64 pixels on white, made once.
 * @param {(name: string) => string} where folder of a package @param {string} folder of the pictures
 */
export async function drawnPictures(where, folder) {
  mkdirSync(folder, { recursive: true })
  const pictures = []
  const known = new Set()
  for (const { svg, ...drawing } of readDrawings(where)) {
    const path = join(folder, `${createHash('sha1').update(svg).digest('hex')}.png`)
    // Some sets share a drawing: nothing is learnt from a picture that is like itself.
    if (known.has(path)) continue
    known.add(path)
    if (!existsSync(path)) {
      const scaled = sharp(Buffer.from(svg)).resize({ width: 64, height: 64, fit: 'contain', background: '#fff' })
      await scaled.flatten({ background: '#fff' }).png().toFile(`${path}.part`)
      renameSync(`${path}.part`, path)
    }
    pictures.push({ ...drawing, path })
  }
  return pictures
}
