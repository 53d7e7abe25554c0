import { MsError } from '@ms/core'
import { IdBuffer } from './id-buffer.js'
import { libraryPipeline } from './library-pipeline.js'
import type { TokenPipeline } from './pipeline.js'
import { specialTemplate } from './special-template.js'
import type { EncodeOptions, Tokenizer } from './tokenizer.js'
import type { TokenizerConfig, TokenizerJson } from './tokenizer-json.js'
import { readVocabulary, type Vocabulary } from './vocabulary.js'
import { recogniseWordPiece } from './wordpiece/recognise-word-piece.js'
import { wordPiecePipeline } from './wordpiece/word-piece-pipeline.js'

export interface CreateTokenizerOptions {
  /** tokenizer_config.json */
  config?: TokenizerConfig
  /** Default: `auto`, our own pipeline where it covers the tokenizer. */
  pipeline?: 'auto' | 'library'
  /** The file, for messages. */
  where: string
}

/** Beyond this `model_max_length` stands for infinity. */
const endless = 1e9

/** @throws `tokenizer.malformed`, `tokenizer.unsupported` */
export function createTokenizer(json: TokenizerJson, { config = {}, pipeline = 'auto', where }: CreateTokenizerOptions): Tokenizer {
  const vocabulary = readVocabulary(json, where)
  const { before, after } = specialTemplate(json, where)
  const size = Math.max(vocabulary.size, ...[...before, ...after].map((id) => id + 1))
  const spec = pipeline === 'auto' ? recogniseWordPiece(json, vocabulary) : undefined
  const run: TokenPipeline = spec ? wordPiecePipeline(spec) : libraryPipeline(json, where)
  const side = config.truncation_side ?? 'right'
  const maximum = config.model_max_length ?? undefined
  let tokens: Map<number, string> | undefined

  const encodeInto = (text: string, out: IdBuffer, { addSpecialTokens = true, maxLength, truncationSide = side }: EncodeOptions): void => {
    const around = addSpecialTokens ? before.length + after.length : 0
    const room = maxLength === undefined ? Number.POSITIVE_INFINITY : maxLength - around
    if (!(room >= 0)) {
      throw new MsError('tokenizer.max-length', `a maximum of ${maxLength} tokens has no room for ${around} special tokens`, {
        advice: 'Choose a larger maximum length.',
      })
    }
    if (addSpecialTokens) out.append(before)
    const start = out.length
    run.tokenize(text, out, truncationSide === 'left' ? Number.POSITIVE_INFINITY : room)
    if (out.length - start > room) out.remove(start, out.length - room)
    if (addSpecialTokens) out.append(after)
  }

  return {
    vocabularySize: size,
    specialTokens: before.length + after.length,
    padId: padIdOf(json, config, vocabulary),
    unknownId: unknownIdOf(json, vocabulary),
    modelMaxLength: maximum !== undefined && maximum >= 1 && maximum < endless ? Math.floor(maximum) : undefined,
    pipeline: run.name,
    encode: (text, options = {}) => {
      const out = new IdBuffer()
      encodeInto(text, out, options)
      return out.take()
    },
    encodeBatch: (texts, options = {}) => {
      const out = new IdBuffer()
      const offsets = new Int32Array(texts.length + 1)
      texts.forEach((text, i) => {
        encodeInto(text, out, options)
        offsets[i + 1] = out.length
      })
      return { ids: out.take(), offsets }
    },
    token: (id) => {
      tokens ??= new Map(Array.from(vocabulary.entries(), ([token, of]) => [of, token]))
      return tokens.get(id)
    },
  }
}

function padIdOf(json: TokenizerJson, config: TokenizerConfig, vocabulary: Vocabulary): number {
  const named = config.pad_token ? vocabulary.id(config.pad_token) : undefined
  return named ?? json.padding?.pad_id ?? vocabulary.id('[PAD]') ?? vocabulary.id('<pad>') ?? 0
}

function unknownIdOf(json: TokenizerJson, vocabulary: Vocabulary): number | undefined {
  const { unk_token: token, unk_id: id } = json.model
  if (typeof id === 'number') return id
  return typeof token === 'string' ? vocabulary.id(token) : undefined
}
