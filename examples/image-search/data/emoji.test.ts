import { beforeAll, describe, expect, it } from 'vitest'
import { type Emoji, readEmoji, type Style, styles } from './emoji.js'

describe('the emoji', () => {
  let emoji: Emoji[]
  beforeAll(async () => {
    emoji = await readEmoji()
  })
  const drawn = (...of: Style[]) => emoji.reduce((sum, { drawings }) => sum + of.filter((style) => drawings.has(style)).length, 0)

  it('are 1,369 things in 6,969 drawings, 984 to train on, 127 to choose by, 258 to measure with', () => {
    expect(emoji).toHaveLength(1_369)
    expect(drawn(...styles)).toBe(6_969)
    const count = (split: string) => emoji.filter((each) => each.split === split).length
    expect(['train', 'dev', 'test'].map(count)).toEqual([984, 127, 258])
  })

  it('make a gallery of 2,396 for the styles that are seen, and of 3,200 for the one that is not', () => {
    expect(drawn('fluent-emoji-flat', 'emojione')).toBe(2_396)
    expect(drawn('fluent-emoji-flat', 'openmoji', 'fxemoji')).toBe(3_200)
  })

  it('have words in English and Chinese, and drawings of their own', () => {
    const cat = emoji.find(({ code }) => code === '1f408')
    expect([cat?.en.label, cat?.zh.label]).toEqual(['cat', '猫'])
    expect(new Set(cat?.drawings.values()).size).toBe(cat?.drawings.size)
    for (const { code, en, zh, drawings } of emoji) {
      expect(en.label, code).toMatch(/\S/)
      expect(zh.label, code).toMatch(/[\p{Script=Han}\w]/u)
      for (const svg of drawings.values()) expect(svg, code).toMatch(/^<svg .*viewBox="0 0 [\d.]+ [\d.]+">.*<\/svg>$/s)
    }
  })

  it('are no flags, sequences or keycaps but one that is a character of its own', () => {
    expect(emoji.filter(({ en }) => /flag:|regional|keycap|skin tone/.test(en.label)).map(({ en }) => en.label)).toEqual(['keycap: 10'])
  })
})
