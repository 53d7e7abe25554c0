/** What an `<!ENTITY …>` may be: a short text without other entities, markup or parameters. */
const plainEntity = /^<!ENTITY\s+[\w.-]+\s+("[^"&%<]*"|'[^'&%<]*')\s*>$/

/** The beginning of a document type whose names hold nothing that looks like markup. */
const plainType = /^<!DOCTYPE\s+[\w:.-]+(\s+(SYSTEM|PUBLIC)(\s+("[^"<>]*"|'[^'<>]*')){0,2})?\s*[[>]/

/**
 * What in an SVG would fetch from elsewhere or explode, as a phrase; undefined where there is nothing. The renderer leaves
 * references out silently, and the picture would not be what its author drew. Every search is linear in the length.
 */
export function svgDanger(bytes: Uint8Array): string | undefined {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return 'it is not UTF-8'
  }
  const encoding = /encoding\s*=\s*["']([\w.-]*)/.exec(text.slice(0, text.indexOf('?>') + 1))?.[1]
  if (encoding && !/^(utf-?8|us-ascii|iso-8859-1)$/i.test(encoding)) return `its encoding is ${encoding}`
  // In comments too: what looks like the beginning of one may be part of another entity.
  for (let at = text.indexOf('<!ENTITY'); at >= 0; at = text.indexOf('<!ENTITY', at + 8)) {
    if (!plainEntity.test(text.slice(at, text.indexOf('>', at) + 1).slice(0, 2000)))
      return 'it declares an entity that is more than a short text'
  }
  const type = text.indexOf('<!DOCTYPE')
  if ((type >= 0 && !plainType.test(text.slice(type, type + 2000))) || text.includes('<!NOTATION'))
    return 'its document type is an unusual one'
  const plain = withoutComments(text)
  if (plain === undefined) return 'a comment, or another part of it, does not end'
  if (plain.includes('<?xml-stylesheet')) return 'it refers to a style sheet'
  const written = withoutEscapes(plain)
  if (/@import\b/i.test(written)) return 'its style imports another'
  return outsideUrl(written) ?? outsideHref(plain)
}

/** Parts in which `<!--` begins no comment, and what ends each. */
const ends: Readonly<Record<string, string>> = { '<!--': '-->', '<![CDATA[': ']]>', '<?': '?>', '<!DOCTYPE': '>' }

function withoutComments(text: string): string | undefined {
  const parts: string[] = []
  let from = 0
  for (const { 0: start, index } of text.matchAll(/<!--|<!\[CDATA\[|<\?|<!DOCTYPE/g)) {
    if (index < from) continue
    const end = text.indexOf(ends[start], index + start.length)
    if (end < 0) return undefined
    const next = end + ends[start].length
    parts.push(text.slice(from, index), start === '<!--' ? '' : text.slice(index, next))
    from = next
  }
  parts.push(text.slice(from))
  return parts.join('')
}

/** With the characters that XML (`&#64;`) and CSS (`\40 `) let one write as numbers. */
const withoutEscapes = (text: string): string =>
  text
    .replace(/&#(?:x([0-9a-f]{1,6})|(\d{1,7}));/gi, (_, hex, decimal) => characterOf(hex ? Number.parseInt(hex, 16) : Number(decimal)))
    .replace(/\\(?:([0-9a-f]{1,6})\s?|([^\n]))/gi, (_, hex, itself) => (hex ? characterOf(Number.parseInt(hex, 16)) : itself))

const characterOf = (code: number) => (code <= 0x10ffff ? String.fromCodePoint(code) : '\ufffd')

const embedded = /^data:image\/(png|jpeg|gif|webp)[;,]/i

/** `url(…)` in a style that is neither `#id` nor data. */
function outsideUrl(text: string): string | undefined {
  for (const { index } of text.matchAll(/\burl\(/gi)) {
    const target = text.slice(index + 4, index + 204).replace(/^[\s"']+|&quot;|&apos;/g, '')
    if (!/^(#|data:)/i.test(target)) return `it refers to ${target.split(/[)"']/)[0].slice(0, 80)}`
  }
  return undefined
}

/** `href` of anything but a link (`a`) that is neither `#id` nor an embedded picture. */
function outsideHref(text: string): string | undefined {
  let tag = 0
  for (const { index, 0: found } of text.matchAll(/\bhref\s*=\s*["']/gi)) {
    for (let next = text.indexOf('<', tag + 1); next >= 0 && next < index; next = text.indexOf('<', tag + 1)) tag = next
    if (/^<([\w.-]+:)?a\s/.test(text.slice(tag, tag + 64))) continue
    const target = text.slice(index + found.length, index + found.length + 200).trimStart()
    if (/^["']/.test(target) || target.startsWith('#') || embedded.test(target)) continue
    return `it refers to ${target.split(/["']/)[0].slice(0, 80)}`
  }
  return undefined
}
