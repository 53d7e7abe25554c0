import { describe, expect, it } from 'vitest'
import { promptFor } from './prompts.js'

describe('promptFor', () => {
  it('looks names up as encode_query and encode_document do', () => {
    const prompts = { query: 'q: ', passage: 'p: ', corpus: 'c: ', other: 'o: ' }
    expect(promptFor('query', { prompts })).toBe('q: ')
    expect(promptFor('document', { prompts })).toBe('p: ')
    expect(promptFor('document', { prompts: { ...prompts, document: 'd: ' } })).toBe('d: ')
    expect(promptFor('document', { prompts: { corpus: 'c: ' } })).toBe('c: ')
    expect(promptFor('document', { prompts: { document: '', passage: 'p: ' } })).toBe('')
  })
  it('falls back to the default prompt, and refuses one that is not there', () => {
    const prompts = { other: 'o: ' }
    expect(promptFor('query', { prompts })).toBe('')
    expect(promptFor('query', { prompts, defaultPromptName: 'other' })).toBe('o: ')
    expect(() => promptFor('query', { prompts, defaultPromptName: 'none' })).toThrow(
      expect.objectContaining({ code: 'encoder.prompt-unknown' }),
    )
    expect(promptFor('query', { prompts: { toString: 't: ' } })).toBe('')
  })
})
