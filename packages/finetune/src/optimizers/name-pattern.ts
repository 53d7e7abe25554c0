import { MsError } from '@ms/core'

const special = /[.+^$()|\\]/

/**
 * A pattern of parameter names as a test. `*` is any run of characters (dots too), `?` one character, `[0-5]` one of a
 * range, `{a,b}` one of several: `encoder.layer.[0-3].*`, `*.bias`.
 * @throws `train.pattern` when a bracket or brace is not closed
 */
export function namePattern(pattern: string): (name: string) => boolean {
  // All weights of a network are often named one by one, and each name is compared with each.
  if (!/[[\]{}*?]/.test(pattern)) return (name) => name === pattern
  let source = ''
  for (let at = 0; at < pattern.length; at++) {
    const letter = pattern[at]
    const closing = letter === '[' ? pattern.indexOf(']', at) : letter === '{' ? pattern.indexOf('}', at) : undefined
    if (closing !== undefined) {
      if (closing <= at + 1) throw malformed(pattern, letter)
      const inside = pattern.slice(at + 1, closing)
      if (letter === '[') source += `[${inside.replace(/[\\^\]]/g, '\\$&')}]`
      else source += `(?:${inside.split(',').map(escapeText).join('|')})`
      at = closing
    } else if (letter === '*') source += '.*'
    else if (letter === '?') source += '.'
    else source += escapeText(letter)
  }
  try {
    const expression = new RegExp(`^${source}$`, 's')
    return (name) => expression.test(name)
  } catch {
    throw malformed(pattern, '[')
  }
}

const escapeText = (text: string) =>
  Array.from(text, (letter) => (special.test(letter) || '[]{}*?'.includes(letter) ? `\\${letter}` : letter)).join('')

const malformed = (pattern: string, bracket: string) =>
  new MsError('train.pattern', `the pattern "${pattern}" has a "${bracket}" that does not end or holds nothing`, {
    where: pattern,
    advice: 'Use * for any characters, ? for one, [0-5] for a range, {a,b} for one of several.',
  })
