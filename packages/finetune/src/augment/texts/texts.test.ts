import { seededRandom } from '@ms/core'
import { describe, expect, it } from 'vitest'
import type { Augment } from '../augment.js'
import { randomSpan } from './random-span.js'
import { replaceSynonyms } from './replace-synonyms.js'
import { standardTextAugment } from './standard-text-augment.js'
import { swapWords } from './swap-words.js'
import { wordDropout } from './word-dropout.js'

const english = 'Click the red heart, then freeze the first row of your sheet.'
const chinese = '点击红色的心形，然后冻结工作表的第一行。'
const draws = (step: Augment<string>, text: string, count = 300) => Array.from({ length: count }, (_, i) => step(text, seededRandom(i)))
const words = (text: string): string[] => text.match(/[a-z]+/gi) ?? []

describe('of texts', () => {
  it.each([wordDropout(), swapWords({ rate: 0.5 }), randomSpan(), standardTextAugment('strong')])(
    '%s: the same numbers give the same text',
    (step) => {
      for (const text of [english, chinese, '', ' ', '…', 'word']) expect(draws(step, text, 20)).toEqual(draws(step, text, 20))
      expect(step('', seededRandom(1))).toBe('')
      expect(step('word', seededRandom(1))).toBe('word')
    },
  )

  it('word dropout leaves words out at its rate, the rest in order, and never all', () => {
    const texts = draws(wordDropout({ rate: 0.3 }), english)
    const left = texts.reduce((sum, text) => sum + words(text).length, 0) / texts.length
    expect(Math.abs(left / words(english).length - 0.7)).toBeLessThan(0.03)
    for (const text of texts) {
      let from = 0
      for (const word of words(text)) {
        const at = words(english).indexOf(word, from)
        expect(at).toBeGreaterThanOrEqual(from)
        from = at + 1
      }
      expect(text).not.toMatch(/\s\s|^\s|\s$/)
    }
    expect(draws(wordDropout({ rate: 1 }), english).every((text) => words(text).length === 1)).toBe(true)
    const shorter = draws(wordDropout({ rate: 0.3 }), chinese)
    expect(shorter.every((text) => text.length > 0 && text.length <= chinese.length)).toBe(true)
    // Words of Chinese go whole.
    expect(shorter.some((text) => !text.includes('工作'))).toBe(true)
    expect(shorter.every((text) => text.includes('冻') === text.includes('结'))).toBe(true)
  })

  it('swapping keeps every word and what stands between them', () => {
    for (const text of draws(swapWords({ rate: 0.5 }), english)) {
      expect([...words(text)].sort()).toEqual([...words(english)].sort())
      expect(text.replace(/[a-z]+/gi, '')).toBe(english.replace(/[a-z]+/gi, ''))
    }
    expect(swapWords({ rate: 1 })('a b c d e', seededRandom(1))).toBe('b a d c e')
    for (const text of draws(swapWords({ rate: 0.5 }), chinese)) expect([...text].sort()).toEqual([...chinese].sort())
    expect(new Set(draws(swapWords({ rate: 0.5 }), chinese)).size).toBeGreaterThan(50)
  })

  it('a span is a part of the text, of the wanted length', () => {
    for (const text of draws(randomSpan({ share: [0.3, 0.6] }), english)) {
      expect(english).toContain(text)
      expect(words(text).length).toBeGreaterThanOrEqual(4)
      expect(words(text).length).toBeLessThanOrEqual(7)
    }
    for (const text of draws(randomSpan({ share: [0.3, 0.6] }), chinese)) expect(chinese).toContain(text)
  })

  it('synonyms: phrases before words, capitals kept, Chinese where no dictionary would cut', () => {
    const table = new Map([
      ['click', ['press']],
      ['red heart', ['love']],
      ['heart', ['wrong']],
      ['第一行', ['首行']],
      ['心形', ['爱心']],
      ['row', []],
    ])
    const always = replaceSynonyms(table, { rate: 1 })
    expect(always(english, seededRandom(1))).toBe('Press the love, then freeze the first row of your sheet.')
    expect(always(chinese, seededRandom(1))).toBe('点击红色的爱心，然后冻结工作表的首行。')
    const replaced = draws(replaceSynonyms(table, { rate: 0.25 }), 'click', 2000).filter((text) => text === 'press').length
    expect(Math.abs(replaced / 2000 - 0.25)).toBeLessThan(0.03)
    expect(replaceSynonyms(table, { rate: 0 })(chinese, seededRandom(1))).toBe(chinese)
  })

  it.each([
    () => wordDropout({ rate: 2 }),
    () => swapWords({ rate: -1 }),
    () => randomSpan({ share: [0, 1] }),
    () => replaceSynonyms(new Map(), { rate: 7 }),
  ])('settings that cannot be meant are refused: %s', (make) => expect(make).toThrow(expect.objectContaining({ code: 'augment.settings' })))
})
