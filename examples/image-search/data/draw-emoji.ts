import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { cacheFolder, replaceDirectory } from '@ms/core/node'
import sharp from 'sharp'
import { type Emoji, type Style, styles } from './emoji.js'

/** Pixels a side. */
const side = 64
/** Drawings at a time: as many as libvips has threads for would do, and a few more never leave it waiting. */
const together = 16
/** Changes with whatever changes the pictures. */
const version = 1

/** Where the picture of an emoji lies below the folder of all. */
export const pictureName = ({ code }: Pick<Emoji, 'code'>, style: Style): string => `${style}/${code}.png`

/**
 * Draws every emoji in every style it has, 64 × 64 pixels on white, unless that was done before.
 * @returns the folder: `fxemoji/1f600.png`, `twemoji/1f600.png` …
 */
export async function drawEmoji(emoji: readonly Emoji[], folder = join(cacheFolder(), 'examples', 'emoji')): Promise<string> {
  const drawings = emoji.flatMap((each) => [...each.drawings].map(([style, svg]) => ({ name: pictureName(each, style), svg })))
  const mark = `${version} ${sharp.versions.sharp} ${drawings.length}\n`
  if ((await readFile(join(folder, 'drawn.txt'), 'utf8').catch(() => '')) === mark) return folder
  await replaceDirectory(folder, async (temporary) => {
    for (const style of styles) await mkdir(join(temporary, style), { recursive: true })
    const waiting = drawings.values()
    const worker = async () => {
      for (const { name, svg } of waiting) await writeFile(join(temporary, name), await pngOf(svg))
    }
    await Promise.all(Array.from({ length: together }, worker))
    await writeFile(join(temporary, 'drawn.txt'), mark)
  })
  return folder
}

const pngOf = (svg: string): Promise<Buffer> =>
  sharp(Buffer.from(svg)).resize(side, side, { fit: 'contain', background: '#fff' }).flatten({ background: '#fff' }).png().toBuffer()
