import stringWidth from 'string-width'

const segments = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

/** Columns that a text takes on a screen: a Chinese character or an emoji takes two. */
export const displayWidth = (text: string): number => stringWidth(text)

/** Fills up with spaces to `width` columns; cuts with `…` where it is longer. */
export function fit(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const cut = clip(text, width)
  const gap = ' '.repeat(Math.max(0, width - displayWidth(cut)))
  return align === 'right' ? gap + cut : cut + gap
}

/** Cuts to at most `width` columns, ending in `…` where something was cut. Control characters become spaces. */
export function clip(text: string, width: number): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: found texts must not steer the terminal
  const plain = text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ')
  if (displayWidth(plain) <= width) return plain
  let used = 0
  let out = ''
  for (const { segment } of segments.segment(plain)) {
    const columns = displayWidth(segment)
    if (used + columns > width - 1) break
    out += segment
    used += columns
  }
  return `${out}…`
}
