import { describe, expect, it } from 'vitest'
import { clip, displayWidth, fit } from './display-width.js'
import { formatTable } from './format-table.js'
import { bar } from './progress-bar.js'

describe('display width', () => {
  it('cuts and fills by columns, never through a character', () => {
    expect(clip('词语搜索', 5)).toBe('词语…')
    expect(fit('词语', 6)).toBe('词语  ')
    expect(fit('ab', 4, 'right')).toBe('  ab')
    expect(clip('👩‍👩‍👧‍👦👩‍👩‍👧‍👦', 3)).toBe('👩‍👩‍👧‍👦…')
  })
  it('lets no found text steer the terminal', () => {
    expect(clip('a\x1b[2Jb\nc', 20)).toBe('a [2Jb c')
  })
})

describe('formatTable', () => {
  it('aligns columns by screen width', () => {
    const table = formatTable([
      ['名', 'n'],
      ['abc', '10'],
    ])
    expect(table.split('\n').map(displayWidth)).toEqual([7, 7, 7])
    expect(table).toBe('名    n\n───────\nabc  10')
  })
})

describe('bar', () => {
  it('is always as wide as asked', () => {
    for (let i = -1; i <= 101; i++) expect(displayWidth(bar(i / 100, 24))).toBe(24)
  })
})
