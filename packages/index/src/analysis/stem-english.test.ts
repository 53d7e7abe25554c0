import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { stemEnglish } from './stem-english.js'

const golden: { stems: [word: string, stem: string][] } = JSON.parse(
  readFileSync(new URL('../../golden/english-stems.json', import.meta.url), 'utf8'),
)

describe('stemEnglish', () => {
  it(`gives Snowball's stems (${golden.stems.length} words)`, () => {
    expect(golden.stems.length).toBeGreaterThan(1500)
    expect(golden.stems.map(([word]) => [word, stemEnglish(word)])).toEqual(golden.stems)
  })
})
