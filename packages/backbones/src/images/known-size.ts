import type { PictureFormat } from './picture-format.js'

/** `[height, width]` */
type Size = readonly [height: number, width: number]

/**
 * The size of a picture as it is seen, from its first bytes, where these alone decide it: of a PNG or JPEG that EXIF does
 * not turn, of an SVG with a whole number of pixels. It spares a decoder from opening the file twice. undefined: ask the decoder.
 */
export function knownSize(bytes: Uint8Array, format: PictureFormat): Size | undefined {
  const size = readers[format]?.(bytes)
  return size && size[0] > 0 && size[1] > 0 ? size : undefined
}

const readers: Readonly<Partial<Record<PictureFormat, (bytes: Uint8Array) => Size | undefined>>> = {
  png: pngSize,
  jpeg: jpegSize,
  svg: svgSize,
}

/** Segments before the pixels: a start of frame (ITU-T T.81, table B.1) has the size, an `APP1` may hold EXIF. */
function jpegSize(bytes: Uint8Array): Size | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  for (let at = 2; at + 9 <= bytes.length && bytes[at] === 0xff; at += 2 + view.getUint16(at + 2)) {
    const marker = bytes[at + 1]
    if (marker === 0xe1) return undefined
    const frame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)
    if (frame) return [view.getUint16(at + 5), view.getUint16(at + 7)]
  }
  return undefined
}

/** Chunks before the pixels: `IHDR` has the size, `eXIf` may turn the picture. */
function pngSize(bytes: Uint8Array): Size | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  let size: Size | undefined
  for (let at = 8; at + 16 <= bytes.length; ) {
    const length = view.getUint32(at)
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8))
    if (type === 'IHDR' && at + 16 <= bytes.length) size = [view.getUint32(at + 12), view.getUint32(at + 8)]
    if (type === 'eXIf') return undefined
    if (type === 'IDAT') return size
    at += 12 + length
  }
  return undefined
}

const most = 4096

/** `width` and `height` of the root, unless a style may overrule them. */
function svgSize(bytes: Uint8Array): Size | undefined {
  const start = new TextDecoder('latin1').decode(bytes.subarray(0, most))
  const root = /^(?:ï»¿)?\s*(?:<\?xml[^>]*\?>\s*)?<svg(\s[^<>]*?)\/?>/.exec(start)?.[1]
  if (root === undefined || /\sstyle\s*=|\sclass\s*=/.test(root) || new TextDecoder('latin1').decode(bytes).includes('<style'))
    return undefined
  const pixels = (name: string) => {
    const value = new RegExp(`\\s${name}\\s*=\\s*["'](\\d{1,5})(?:px)?["']`).exec(root)?.[1]
    return value === undefined ? undefined : Number(value)
  }
  const [width, height] = [pixels('width'), pixels('height')]
  return width !== undefined && height !== undefined ? [height, width] : undefined
}
