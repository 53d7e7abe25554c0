/** Characters whose compatibility decomposition is younger than Unicode 12: the Rust library leaves them as they are. */
const young = /([\u32ff\ua7f1-\ua7f4\uab69\u{10781}-\u{107ba}\u{1ccd6}-\u{1ccf9}\u{1e030}-\u{1e06d}\u{1f16c}\u{1fbf0}-\u{1fbf9}]+)/u

/** NFKC as the Rust library `tokenizers` does it. */
export function compatibilityComposition(text: string): string {
  if (isAscii(text)) return text
  if (!young.test(text)) return text.normalize('NFKC')
  return text
    .split(young)
    .map((part, i) => (i % 2 === 0 ? part.normalize('NFKC') : part))
    .join('')
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return false
  return true
}
