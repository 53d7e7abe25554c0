const named: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ', reg: '®', copy: '©' }

function entity(whole: string, name: string): string {
  if (!name.startsWith('#')) return named[name.toLowerCase()] ?? whole
  const code = /^#x/i.test(name) ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1))
  return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole
}

/** Windows-1252's characters 128 to 159, which other encodings take for control characters. */
const windows = '€ ‚ƒ„…†‡ˆ‰Š‹Œ Ž  ‘’“”•–—˜™š›œ žŸ'

/** A feed item's text as somebody would read it: no markup, no addresses, no footnote numbers, all in one line. */
export function plainText(text: string): string {
  return text
    .replace(/\[IMG:\s*\S+?(?:\s+\(([^)]+)\)?)?\s*(?:\]|$)/g, (_, caption = '') => `${caption.replace(/[[\]]/g, '')} `)
    .replace(/\[IMG:\s*\S*?([^\s/]+)\s*\($/, '$1') // a headline cut off before the caption: the file's name
    .replace(/^\[\d+\]\s+\S+$/gm, '') // [1] http://…
    .replace(/\[\d+\]/g, '')
    .replace(/https?:\/\/\S+/g, '')
    .replace(/<\/?[a-z][^<>]*>/gi, '')
    .replace(/&(#?\w+);/g, entity)
    .replace(/[\u0080-\u009f]/g, (character) => windows[character.charCodeAt(0) - 128])
    .replace(/\s+/g, ' ')
    .replace(/(?<!\w)([_*])(?! )([^_*]+)\1/g, '$2') // *emphasis*, and *Sport: *where the space fell inside
    .replace(/(?<!\w)([_*]) ([^_*]*[^_* ])\1(?!\w)/g, '$2')
    .replace(/ {2,}/g, ' ')
    .trim()
}
