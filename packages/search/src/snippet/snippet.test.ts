import { standardAnalyzer } from '@ms/index'
import { describe, expect, it } from 'vitest'
import { highlight, mergeRanges } from './highlight.js'
import { snippet } from './snippet.js'

const analyzer = standardAnalyzer()
const marked = (text: string, query: string, length?: number) => {
  const { text: shown, ranges } = snippet(text, query, analyzer, { length })
  return highlight(shown, ranges, { open: '[', close: ']', escape: (part) => part })
}

describe('snippet', () => {
  it('marks words by their stem, in a text that is short', () => {
    expect(marked('Printing two pages. Reprint?', 'print page')).toBe('[Printing] two [pages]. Reprint?')
  })
  it('marks Chinese', () => {
    expect(marked('如何打印预览文档', '打印')).toContain('[打印]')
  })
  it('chooses the passage that has most of the query, whole words, with … where it was cut', () => {
    const text = `${'nothing here to see '.repeat(30)}the printer prints two pages on one sheet ${'and again nothing '.repeat(30)}`
    const shown = marked(text, 'pages sheet printer', 60)
    expect(shown).toMatch(/^…/)
    expect(shown).toMatch(/…$/)
    for (const word of ['[printer]', '[pages]', '[sheet]']) expect(shown).toContain(word)
    for (const word of shown.replace(/[[\]…]/g, '').split(' ')) expect(text.split(' ')).toContain(word)
  })
  it('shows the beginning when nothing matches, and copes with nothing at all', () => {
    expect(marked('a b c d e f g', 'zzz', 4)).toBe('a b…')
    expect(snippet('', 'x', analyzer)).toEqual({ text: '', ranges: [] })
    expect(marked('word', '')).toBe('word')
  })
  it('never parts a surrogate pair or a range', () => {
    const text = '😀'.repeat(200)
    for (let length = 3; length < 30; length++) expect(snippet(text, 'x', analyzer, { length }).text.replace('…', '')).toMatch(/^(😀)*$/u)
    const { text: shown, ranges } = snippet('aa '.repeat(400), 'aa', analyzer, { length: 50 })
    for (const { start, end } of ranges) expect(shown.slice(start, end)).toBe('aa')
    expect(ranges.length).toBeGreaterThan(10)
  })
})

describe('highlight', () => {
  it('lets nothing of the text become markup', () => {
    expect(highlight('<img src=x onerror="alert(1)">', [{ start: 1, end: 4 }])).toBe(
      '&lt;<mark>img</mark> src=x onerror=&quot;alert(1)&quot;&gt;',
    )
  })
  it('joins ranges that touch and cuts those that reach beyond', () => {
    expect(
      mergeRanges(
        [
          { start: 4, end: 9 },
          { start: -2, end: 2 },
          { start: 2, end: 3 },
        ],
        6,
      ),
    ).toEqual([
      { start: 0, end: 3 },
      { start: 4, end: 6 },
    ])
  })
})
