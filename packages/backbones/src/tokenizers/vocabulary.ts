import { MsError } from '@ms/core'
import type { TokenizerJson } from './tokenizer-json.js'

export interface Vocabulary {
  /** The model's own tokens. */
  readonly pieces: ReadonlyMap<string, number>
  /** The id of a token of the model or of an added one. */
  id(token: string): number | undefined
  /** Each token with its id. */
  entries(): Iterable<readonly [token: string, id: number]>
  /** One more than the largest id. */
  readonly size: number
}

/** @throws `tokenizer.malformed` when the vocabulary is missing, empty, or has ids that are no whole numbers */
export function readVocabulary(json: TokenizerJson, where: string): Vocabulary {
  const fail = (message: string): never => {
    throw new MsError('tokenizer.malformed', message, { where })
  }
  const source = json.model['vocab']
  const pieces = new Map<string, number>()
  if (Array.isArray(source)) {
    // Unigram: [token, log probability] in the order of the ids.
    source.forEach((entry: unknown, id) => {
      if (!Array.isArray(entry) || typeof entry[0] !== 'string') fail(`model.vocab.${id} is no pair of token and score`)
      else pieces.set(entry[0], id)
    })
  } else if (typeof source === 'object' && source !== null) {
    const ids = source as Readonly<Record<string, unknown>>
    // Not Object.entries: an array for each of tens of thousands of tokens takes longer than all the rest.
    for (const token of Object.keys(ids)) {
      const id = ids[token]
      if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id > 0x7ffffffe)
        fail(`model.vocab has the id ${id} for the token ${token}`)
      else pieces.set(token, id)
    }
  }
  if (pieces.size === 0) fail('model.vocab is missing or empty')
  const added = new Map<string, number>()
  for (const { content, id } of json.added_tokens) if (!pieces.has(content)) added.set(content, id)
  let largest = 0
  for (const id of pieces.values()) largest = Math.max(largest, id)
  for (const id of added.values()) largest = Math.max(largest, id)
  return {
    pieces,
    id: (token) => pieces.get(token) ?? added.get(token),
    entries: () => [...pieces, ...added],
    size: largest + 1,
  }
}

/**
 * A tokenizer must not make ids that the table of embeddings has no row for.
 *
 * @param rows rows of the table, `vocab_size`
 * @throws `tokenizer.vocabulary`
 */
export function assertVocabulary(tokenizer: { readonly vocabularySize: number }, rows: number, where: string): void {
  if (tokenizer.vocabularySize <= rows) return
  throw new MsError(
    'tokenizer.vocabulary',
    `the tokenizer has ids up to ${tokenizer.vocabularySize - 1}, the model has ${rows} embeddings`,
    {
      where,
      advice: 'Tokenizer and weights belong to different checkpoints; take both from the same one.',
    },
  )
}
