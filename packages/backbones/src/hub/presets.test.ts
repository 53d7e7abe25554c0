import { describe, expect, it } from 'vitest'
import { convolutional } from '../architectures/convolutional.js'
import { findBackbone } from '../architectures/find-backbone.js'
import { bert } from '../bert/bert.js'
import { parseHubId } from './hub-id.js'
import { findPreset, isSupported, presets } from './presets.js'

/** Entries of the vocabulary, by family; the rest of a BERT's size follows from its width and layers. */
const vocabulary = (id: string, languages: readonly string[]) =>
  id.endsWith('LaBSE') ? 501_153 : languages.includes('mul') ? 250_037 : languages.includes('zh') ? 21_128 : 30_522

describe('presets', () => {
  it('have names and ids of their own, and are found by either', () => {
    expect(new Set(presets.map(({ name }) => name)).size).toBe(presets.length)
    for (const preset of presets) {
      expect(parseHubId(preset.id).repository).toBe(preset.id)
      expect(findPreset(preset.name)).toBe(preset)
      expect(findPreset(preset.id.toUpperCase())).toBe(preset)
    }
    expect(findPreset('nothing')).toBeUndefined()
  })

  it.each(presets.filter(({ architecture }) => architecture === 'bert').map((preset) => [preset.name, preset] as const))(
    '%s: its number of parameters is that of a BERT of its width and layers, and its size follows',
    (_, { id, languages, dim, layers, parameters, megabytes, maxTokens }) => {
      const config = { vocab_size: vocabulary(id, languages), hidden_size: dim, num_hidden_layers: layers, num_attention_heads: 1 }
      const sizes = { intermediate_size: 4 * dim, max_position_embeddings: 512 }
      const { shapes } = bert.create(bert.parseConfig({ ...config, ...sizes }, id))
      const pooler = dim * dim + dim
      const count = [...shapes.values()].reduce((sum, shape) => sum + shape.reduce((a, b) => a * b, 1), pooler) / 1e6
      expect(Math.abs(count - parameters)).toBeLessThan(0.06)
      // float32, or float16 where it is half of that.
      expect([4, 2].some((bytes) => Math.abs(count * bytes - megabytes) < 1 + 0.005 * megabytes)).toBe(true)
      expect(maxTokens).toBeLessThanOrEqual(512)
    },
  )

  it.each(presets.filter(({ id }) => id.startsWith('timm/')).map((preset) => [preset.name, preset] as const))(
    '%s: width, number of parameters and size are those of the architecture that it names',
    (name, { architecture, dim, parameters, megabytes, languages }) => {
      const config = { architecture: name.slice(0, name.lastIndexOf('.')) }
      const plugin = findBackbone(convolutional, config, name)
      expect(plugin.modelTypes).toContain(architecture)
      const parsed = plugin.parseConfig(config, name)
      const { shapes, width, statistics } = plugin.create(parsed)
      expect(width).toBe(dim)
      expect(languages).toEqual([])
      const head = plugin.classifier?.create(parsed, 1000).shapes ?? new Map<string, number[]>()
      const size = (list: Iterable<readonly [string, readonly number[]]>) =>
        [...list].reduce((sum, [, shape]) => sum + shape.reduce((a, b) => a * b, 1), 0) / 1e6
      expect(Math.abs(size([...shapes, ...head].filter(([key]) => !statistics?.has(key))) - parameters)).toBeLessThan(0.06)
      expect(Math.abs(size([...shapes, ...head]) * 4 - megabytes)).toBeLessThan(1)
    },
  )

  it('says which can be computed', () => {
    expect(presets.filter((preset) => !isSupported(preset)).map(({ name }) => name)).toEqual([
      'all-mpnet-base-v2',
      'multilingual-e5-base',
      'multilingual-e5-large',
    ])
  })
})
