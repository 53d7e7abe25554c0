/** What an `<!ENTITY …>` may be: a short text without other entities, markup or parameters. */
const plainEntity = /^<!ENTITY\s+[\w.-]+\s+("[^"&%<]*"|'[^'&%<]*')\s*>$/

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
  const plain = withoutComments(text)
  if (plain === undefined) return 'a comment does not end'
  for (let at = plain.indexOf('<!ENTITY'); at >= 0; at = plain.indexOf('<!ENTITY', at + 8)) {
    if (!plainEntity.test(plain.slice(at, plain.indexOf('>', at) + 1).slice(0, 2000)))
      return 'it declares an entity that is more than a short text'
  }
  if (plain.includes('<?xml-stylesheet')) return 'it refers to a style sheet'
  if (/@import\b/i.test(plain)) return 'its style imports another'
  return outsideUrl(plain) ?? outsideHref(plain)
}

function withoutComments(text: string): string | undefined {
  const parts: string[] = []
  let from = 0
  for (let start = text.indexOf('<!--'); start >= 0; start = text.indexOf('<!--', from)) {
    parts.push(text.slice(from, start))
    const end = text.indexOf('-->', start + 4)
    if (end < 0) return undefined
    from = end + 3
  }
  parts.push(text.slice(from))
  return parts.join('')
}

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
