import type { ModelFiles } from '@ms/core'
import { z } from 'zod'
import { readJson, readJsonIfThere } from './read-json.js'

/** What belongs to a model besides weights and configuration, and is saved with it as it is. */
const kept = [
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'vocab.txt',
  'vocab.json',
  'merges.txt',
  'spiece.model',
  'sentencepiece.bpe.model',
  'tokenizer.model',
]

export async function readTokenizerFiles(files: ModelFiles, names: ReadonlySet<string>): Promise<Map<string, Uint8Array>> {
  const found = new Map<string, Uint8Array>()
  for (const name of kept) if (names.has(name)) found.set(name, await files.read(name))
  return found
}

const decoded = (bytes: Uint8Array) => new TextDecoder().decode(bytes)

/** Fields of tokenizer_config.json that change ids. */
const rulingFields = ['tokenizer_class', 'do_lower_case', 'strip_accents', 'tokenize_chinese_chars', 'pad_token']

/** What of a tokeniser's files decides about ids: not how long texts may be, nor how batches are padded. */
export function tokenizerRules(files: ReadonlyMap<string, Uint8Array>, obeyConfig: boolean): unknown {
  const read = (name: string): Record<string, unknown> | undefined => {
    const bytes = files.get(name)
    return bytes && (JSON.parse(decoded(bytes)) as Record<string, unknown>)
  }
  const { truncation: _, padding: __, ...rules } = read('tokenizer.json') ?? {}
  const vocabulary = files.get('vocab.txt')
  const merges = files.has('tokenizer.json')
    ? []
    : ['vocab.json', 'merges.txt'].map((name) => files.get(name)).filter((bytes) => bytes !== undefined)
  const config = obeyConfig ? Object.entries(read('tokenizer_config.json') ?? {}).filter(([name]) => rulingFields.includes(name)) : []
  return {
    rules,
    vocabulary: files.has('tokenizer.json') || !vocabulary ? undefined : decoded(vocabulary),
    ...(merges.length > 0 ? { merges: merges.map(decoded) } : {}),
    config: Object.fromEntries(config),
  }
}

const side = z.enum(['left', 'right', 'Left', 'Right'])
const tokenizerSchema = z
  .object({ truncation: z.object({ max_length: z.int().positive(), direction: side.optional() }).nullish() })
  .catchall(z.unknown())
const configSchema = z.object({ truncation_side: side.nullish() }).catchall(z.unknown())

export interface TruncationSettings {
  /** Tokens; undefined: tokenizer.json cuts nothing off. */
  readonly maxLength?: number
  readonly side: 'left' | 'right'
}

/**
 * What the files say about texts that are too long. tokenizer_config.json comes first; a static model's Python side never reads it.
 * @throws `config.invalid`
 */
export async function readTruncation(
  files: ModelFiles,
  names: ReadonlySet<string>,
  { obeyConfig = true } = {},
): Promise<TruncationSettings> {
  const { truncation } = (await readJsonIfThere(files, names, 'tokenizer.json', tokenizerSchema)) ?? {}
  const config = obeyConfig ? await readJsonIfThere(files, names, 'tokenizer_config.json', configSchema) : undefined
  const named = config?.truncation_side ?? truncation?.direction ?? 'right'
  return { maxLength: truncation?.max_length, side: named.toLowerCase() === 'left' ? 'left' : 'right' }
}

const normalizerSchema = z
  .object({ type: z.string(), lowercase: z.boolean().optional(), normalizers: z.array(z.unknown()).optional() })
  .catchall(z.unknown())
const withNormalizer = z.object({ normalizer: z.unknown().optional() }).catchall(z.unknown())

/** True where a normaliser lower-cases already. */
function lowerCases(normalizer: unknown): boolean {
  const { data } = normalizerSchema.safeParse(normalizer)
  if (!data) return false
  if (data.type === 'Lowercase') return true
  if (data.type === 'BertNormalizer') return data.lowercase ?? true
  return data.type === 'Sequence' && (data.normalizers ?? []).some(lowerCases)
}

/**
 * A tokenizer.json that lower-cases first: what `do_lower_case` of sentence_bert_config.json means.
 * (Lower-casing the text instead would spoil a literal `[CLS]`.)
 */
export async function lowerCasing(files: ModelFiles, names: ReadonlySet<string>): Promise<ModelFiles> {
  // A bare vocab.txt is lower-cased as tokenizer_config.json says, and by default.
  if (!names.has('tokenizer.json')) {
    const config = (await readJsonIfThere(files, names, 'tokenizer_config.json', configSchema)) ?? {}
    const kept = { strip_accents: false, ...config, do_lower_case: true }
    return config['do_lower_case'] === false ? replacing(files, 'tokenizer_config.json', kept) : files
  }
  const json = await readJson(files, 'tokenizer.json', withNormalizer)
  if (lowerCases(json.normalizer)) return files
  const own = normalizerSchema.safeParse(json.normalizer).data
  const rest = own === undefined ? [] : own.type === 'Sequence' ? (own.normalizers ?? []) : [own]
  return replacing(files, 'tokenizer.json', { ...json, normalizer: { type: 'Sequence', normalizers: [{ type: 'Lowercase' }, ...rest] } })
}

/** A tokenizer_config.json that says on which side texts are cut, as the loader of the tokeniser reads it there. */
export async function truncatingOn(side: 'left' | 'right', files: ModelFiles, names: ReadonlySet<string>): Promise<ModelFiles> {
  const config = await readJsonIfThere(files, names, 'tokenizer_config.json', configSchema)
  return (config?.truncation_side ?? 'right').toLowerCase() === side
    ? files
    : replacing(files, 'tokenizer_config.json', { ...config, truncation_side: side })
}

/** The same files, but one of them. */
function replacing(files: ModelFiles, replaced: string, json: unknown): ModelFiles {
  const bytes = new TextEncoder().encode(JSON.stringify(json))
  return {
    location: files.location,
    list: async () => [...new Set([...(await files.list()), replaced])].sort(),
    read: (name) => (name === replaced ? Promise.resolve(bytes) : files.read(name)),
  }
}
