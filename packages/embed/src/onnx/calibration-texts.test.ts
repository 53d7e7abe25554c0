import { describe, expect, it } from 'vitest'
import { tinyEncoder } from '../fixtures/tiny-encoders.js'
import { loadEncoder } from '../load-encoder.js'
import { calibrationTexts } from './calibration-texts.js'

const { tokenizer } = (await loadEncoder(tinyEncoder('mean, normalised').files)).parts

describe('calibrationTexts', () => {
  it('are the same each time, and others with another seed', () => {
    const texts = (seed: number) => calibrationTexts(tokenizer, { rounds: 2, seed })
    expect(texts(1)).toEqual(texts(1))
    expect(texts(1)).not.toEqual(texts(2))
  })

  it('are short and long, some of one word, some of what the vocabulary does not hold, and one is empty', () => {
    const texts = calibrationTexts(tokenizer, { rounds: 1, seed: 1 })
    const words = texts.map((text) => text.split(' '))
    expect(texts).toContain('')
    expect(Math.max(...words.map(({ length }) => length))).toBe(96)
    expect(words.some((all) => all.length > 1 && new Set(all).size === 1)).toBe(true)
    expect(texts.some((text) => [...tokenizer.encode(text)].includes(tokenizer.unknownId ?? -1))).toBe(true)
    // Drawn from the vocabulary, without its special tokens and without the marks of its pieces.
    expect(texts.join(' ')).not.toMatch(/\[(CLS|SEP|PAD|UNK|MASK)\]|##/)
  })

  it('do without a vocabulary of words', () => {
    const none = { ...tokenizer, token: () => undefined }
    expect(calibrationTexts(none, { rounds: 1, seed: 1 })).toContain('word')
  })
})
