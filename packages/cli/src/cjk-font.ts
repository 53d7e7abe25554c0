import type { Picture } from '@ms/backbones'
import type { Terminal } from './terminal.js'

const cjk = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u

/** Pixels; letters as large as on a contact sheet or larger. */
const size = 64
const letter = `<svg xmlns="http://www.w3.org/2000/svg" width="${size}" height="${size}"><text x="8" y="48" font-family="sans-serif" font-size="48">一</text></svg>`

/**
 * Says, once for all of the texts, that this machine has no font for Chinese and Japanese where some of them are written so: pictures of
 * them, and pages that are looked at here, would show boxes.
 */
export async function noteMissingFont(texts: Iterable<string>, terminal: Pick<Terminal, 'note'>): Promise<void> {
  for (const text of texts) {
    if (!cjk.test(text)) continue
    if (!(await drawsChinese()))
      terminal.note(
        'note[font.missing]: this machine has no font for Chinese and Japanese, which is shown as boxes here. Install one: apt install fonts-noto-cjk on Debian and Ubuntu, google-noto-sans-cjk-fonts on Fedora.',
      )
    return
  }
}

/** Whether text in pictures is drawn with a font that has Chinese. Where no picture can be drawn, nothing is missed. */
export async function drawsChinese(): Promise<boolean> {
  const { imageProcessor } = await import('@ms/backbones/node')
  const settings = { resize: size, crop: [size, size], interpolation: 'bilinear', mean: [0, 0, 0], std: [1, 1, 1] } as const
  try {
    const [picture] = await imageProcessor(settings).prepare([new TextEncoder().encode(letter)])
    return isFlat(picture)
  } catch {
    return true
  }
}

/** 一 is one flat stroke; what stands for a letter without a font is a box, or nothing. */
export function isFlat({ width, height, pixels }: Picture): boolean {
  let [left, right, top, bottom] = [width, -1, height, -1]
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (pixels[(y * width + x) * 3] >= 128) continue
      left = Math.min(left, x)
      right = Math.max(right, x)
      top = Math.min(top, y)
      bottom = Math.max(bottom, y)
    }
  }
  return right >= left && bottom - top < (right - left) / 2
}
