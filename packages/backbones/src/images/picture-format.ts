/** Formats that are decoded, told by their first bytes, whatever the file is called. */
export type PictureFormat = 'jpeg' | 'png' | 'webp' | 'gif' | 'avif' | 'svg'

const latin = (bytes: Uint8Array, start: number, end: number) => new TextDecoder('latin1').decode(bytes.subarray(start, end))

/** undefined: none of these. */
export function pictureFormat(bytes: Uint8Array): PictureFormat | undefined {
  if (bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff) return 'jpeg'
  if (bytes[0] === 0x89 && latin(bytes, 1, 8) === 'PNG\r\n\x1a\n') return 'png'
  const start = latin(bytes, 0, 12)
  if (start.startsWith('GIF87a') || start.startsWith('GIF89a')) return 'gif'
  if (start.startsWith('RIFF') && start.endsWith('WEBP')) return 'webp'
  // The brands of an ISO media file: the major one, then the compatible ones, until the end of the first box.
  if (start.slice(4, 8) === 'ftyp') return /avi[fs]/.test(latin(bytes, 8, Math.min(bytes[3] || 8, 64))) ? 'avif' : undefined
  return isSvg(latin(bytes, 0, 65_536)) ? 'svg' : undefined
}

/** Text whose first element is `svg`, after a byte order mark, declarations and comments. */
function isSvg(text: string): boolean {
  let at = text.startsWith('ï»¿') ? 3 : 0
  for (;;) {
    while (/\s/.test(text.charAt(at))) at++
    const end = prologEnd(text, at)
    if (end === undefined) return /^<([\w.-]+:)?svg[\s>/]/i.test(text.slice(at, at + 64))
    at = end
  }
}

/** The end of the declaration or comment that begins there; undefined: none begins, or it does not end. */
function prologEnd(text: string, at: number): number | undefined {
  const after = (mark: string, from: number) => {
    const found = text.indexOf(mark, from)
    return found < 0 ? undefined : found + mark.length
  }
  if (text.startsWith('<?', at)) return after('?>', at)
  if (text.startsWith('<!--', at)) return after('-->', at + 4)
  if (!/^<!doctype/i.test(text.slice(at, at + 9))) return undefined
  const end = after('>', at)
  const subset = text.indexOf('[', at)
  if (end === undefined || subset < 0 || subset > end) return end
  const close = after(']', subset)
  return close === undefined ? undefined : after('>', close)
}

/** What else it seems to be, for people. */
export function describeBytes(bytes: Uint8Array): string {
  const start = latin(bytes, 0, 64)
  if (start.startsWith('%PDF')) return 'a PDF document'
  if (/^\s*(<!doctype html|<html)/i.test(start)) return 'a web page'
  if (start.startsWith('PK')) return 'a zip archive'
  if (start.startsWith('II*\0') || start.startsWith('MM\0*')) return 'a TIFF file'
  if (start.startsWith('BM')) return 'a BMP file'
  if (start.slice(4, 8) === 'ftyp') return 'a HEIC picture or a film'
  if (bytes.subarray(0, 64).every((byte) => byte >= 0x20 || (byte >= 9 && byte <= 13))) return 'text'
  return 'of an unknown kind'
}
