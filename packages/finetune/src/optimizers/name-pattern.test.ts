import { describe, expect, it } from 'vitest'
import { namePattern } from './name-pattern.js'

describe('namePattern', () => {
  it.each([
    ['*.bias', 'encoder.layer.0.output.dense.bias', true],
    ['*.bias', 'bias', false],
    ['embeddings.*', 'embeddings.word_embeddings.weight', true],
    ['encoder.layer.[0-2].*', 'encoder.layer.1.output.dense.weight', true],
    ['encoder.layer.[0-2].*', 'encoder.layer.3.output.dense.weight', false],
    ['encoder.layer.{0,11}.*', 'encoder.layer.11.output.dense.weight', true],
    ['encoder.layer.{0,11}.*', 'encoder.layer.1.output.dense.weight', false],
    ['layer.?', 'layer.5', true],
    ['a.b', 'axb', false],
    ['*', 'anything', true],
  ])('%s on %s: %s', (pattern, name, expected) => {
    expect(namePattern(pattern)(name)).toBe(expected)
  })
  it.each(['a[', 'a{b', 'x[]', '[9-0]'])('refuses %s', (pattern) => {
    expect(() => namePattern(pattern)).toThrow(expect.objectContaining({ code: 'train.pattern' }))
  })
})
