import { z } from 'zod'
import type { TokenizerJson, TypedPart } from '../tokenizer-json.js'
import type { Vocabulary } from '../vocabulary.js'
import { characterRuns } from './character-runs.js'
import type { BertNormalizerOptions } from './code-points.js'
import { compatibilityComposition } from './compatibility-composition.js'
import type { WordPieceSpec } from './word-piece-spec.js'

const bertNormalizer = z.looseObject({
  type: z.literal('BertNormalizer'),
  clean_text: z.boolean().default(true),
  handle_chinese_chars: z.boolean().default(true),
  strip_accents: z.boolean().nullish(),
  lowercase: z.boolean().default(true),
})
const normalizerSequence = z.looseObject({ type: z.literal('Sequence'), normalizers: z.array(z.looseObject({ type: z.string() })) })
const replaceString = z.looseObject({
  type: z.literal('Replace'),
  pattern: z.strictObject({ String: z.string().min(1) }),
  content: z.string(),
})

const preTokenizerSequence = z.looseObject({ type: z.literal('Sequence'), pretokenizers: z.array(z.looseObject({ type: z.string() })) })
const splitRuns = z.looseObject({
  type: z.literal('Split'),
  pattern: z.strictObject({ Regex: z.string() }),
  behavior: z.literal('Isolated'),
  invert: z.literal(false).default(false),
})
const metaspace = z.looseObject({
  type: z.literal('Metaspace'),
  replacement: z.string().length(1).default('▁'),
  prepend_scheme: z.literal('always').default('always'),
  split: z.literal(false),
})

const wordPiece = z.looseObject({
  type: z.literal('WordPiece').nullish(),
  unk_token: z.string(),
  continuing_subword_prefix: z.string(),
  max_input_chars_per_word: z.number().int().positive().max(10_000),
})

/**
 * The spec of a tokenizer.json that our own pipeline covers, with every detail; undefined for all others, which the
 * library does. Covered:
 *
 * - normaliser: none, or BertNormalizer, before it any number of Replace (of a text) and NFKC
 * - pre-tokeniser: BertPreTokenizer, after it, if at all, Split (runs of characters, `[…]{1,n}`, isolated) and Metaspace
 *   (prefix always, no split), in this order
 * - model: WordPiece
 * - added tokens that are matched in the raw text, whole or not
 */
export function recogniseWordPiece(json: TokenizerJson, vocabulary: Vocabulary): WordPieceSpec | undefined {
  const model = wordPiece.safeParse(json.model)
  const normalizing = normalizerOf(json.normalizer)
  const splitting = preTokenizerOf(json.pre_tokenizer)
  const plainAdded = json.added_tokens.every((token) => !token.single_word && !(token.normalized ?? !token.special))
  if (!model.success || !normalizing || !splitting || !plainAdded) return undefined
  const unknownId = vocabulary.pieces.get(model.data.unk_token)
  if (unknownId === undefined) return undefined
  return {
    ...normalizing,
    ...splitting,
    pieces: vocabulary.pieces,
    continuingPrefix: model.data.continuing_subword_prefix,
    unknownId,
    maxWordChars: model.data.max_input_chars_per_word,
    addedTokens: json.added_tokens.map(({ content, id }) => ({ content, id: vocabulary.id(content) ?? id })),
  }
}

const nothing: BertNormalizerOptions = { cleanText: false, handleChineseChars: false, stripAccents: false, lowercase: false }

function normalizerOf(part: TypedPart | null): Pick<WordPieceSpec, 'rewrite' | 'normalizer'> | undefined {
  const parts = part === null ? [] : (normalizerSequence.safeParse(part).data?.normalizers ?? [part])
  const steps: ((text: string) => string)[] = []
  let normalizer: BertNormalizerOptions | undefined
  for (const step of parts) {
    if (normalizer) return undefined // nothing may follow BertNormalizer
    const replace = replaceString.safeParse(step)
    const bert = bertNormalizer.safeParse(step)
    if (replace.success) {
      const { pattern, content } = replace.data
      steps.push((text) => text.replaceAll(pattern.String, () => content))
    } else if (step.type === 'NFKC') steps.push(compatibilityComposition)
    else if (bert.success) {
      const { clean_text: cleanText, handle_chinese_chars: handleChineseChars, lowercase } = bert.data
      normalizer = { cleanText, handleChineseChars, lowercase, stripAccents: bert.data.strip_accents ?? lowercase }
    } else return undefined
  }
  const rewrite = (text: string) => steps.reduce((rewritten, step) => step(rewritten), text)
  return { rewrite, normalizer: normalizer ?? nothing }
}

function preTokenizerOf(part: TypedPart | null): Pick<WordPieceSpec, 'runs' | 'prefix'> | undefined {
  if (part === null) return undefined
  const [bert, ...rest] = preTokenizerSequence.safeParse(part).data?.pretokenizers ?? [part]
  if (bert?.type !== 'BertPreTokenizer') return undefined
  const split = splitRuns.safeParse(rest[0])
  const runs = split.success ? characterRuns(split.data.pattern.Regex) : undefined
  if (runs) rest.shift()
  const meta = metaspace.safeParse(rest[0])
  if (meta.success) rest.shift()
  return rest.length === 0 ? { runs, prefix: meta.data?.replacement ?? '' } : undefined
}
