import { type ModelFiles, MsError } from '@ms/core'
import { tokenizerFromMerges } from './clip-merges.js'
import { createTokenizer } from './create-tokenizer.js'
import type { Tokenizer } from './tokenizer.js'
import { parseTokenizerConfig, parseTokenizerJson, type TokenizerConfig, type TokenizerJson } from './tokenizer-json.js'
import { bertNormalizerSettings, tokenizerFromVocabTxt } from './vocab-txt.js'

export interface LoadTokenizerOptions {
  /** Folder of the tokenizer inside `files`. Default: the top. */
  folder?: string
  /**
   * Obey tokenizer_config.json where it says how a BERT's texts are normalised, as Python's AutoTokenizer does. False for
   * models whose Python side reads tokenizer.json alone (static embeddings). Default: true.
   */
  obeyConfig?: boolean
}

/**
 * Reads tokenizer.json, or without one the vocab.txt of a BERT, or the vocab.json and merges.txt of a CLIP, and tokenizer_config.json where it is there.
 *
 * @throws `tokenizer.none`, `tokenizer.malformed`, `tokenizer.unsupported`
 *
 * @example
 * ```ts
 * import { loadTokenizer } from '@ms/backbones'
 * import { type ModelFiles } from '@ms/core'
 * async function ids(files: ModelFiles) {
 *   const tokenizer = await loadTokenizer(files)
 *   return tokenizer.encode('How do I freeze a row?', { maxLength: 256 })
 * }
 * ```
 */
export async function loadTokenizer(files: ModelFiles, options: LoadTokenizerOptions = {}): Promise<Tokenizer> {
  const folder = options.folder ? `${options.folder.replace(/\/+$/, '')}/` : ''
  const names = new Set(await files.list())
  const has = (name: string) => names.has(folder + name)
  const read = (name: string) => files.read(folder + name)
  const place = (name: string) => `${files.location}/${folder}${name}`

  const config = has('tokenizer_config.json')
    ? parseTokenizerConfig(await read('tokenizer_config.json'), place('tokenizer_config.json'))
    : {}
  if (has('tokenizer.json')) {
    const json = parseTokenizerJson(await read('tokenizer.json'), place('tokenizer.json'))
    const obeyed = options.obeyConfig === false ? json : withConfig(json, config)
    return createTokenizer(obeyed, { config, where: place('tokenizer.json') })
  }
  if (has('vocab.txt')) {
    return createTokenizer(tokenizerFromVocabTxt(await read('vocab.txt'), config, place('vocab.txt')), {
      config,
      where: place('vocab.txt'),
    })
  }
  if (has('vocab.json') && has('merges.txt')) {
    const [vocab, merges] = [await read('vocab.json'), await read('merges.txt')]
    return createTokenizer(tokenizerFromMerges({ vocab, merges }, config, place('vocab.json')), { config, where: place('vocab.json') })
  }
  throw new MsError('tokenizer.none', 'there is neither tokenizer.json nor vocab.txt', {
    where: place('').replace(/\/$/, ''),
    advice: 'Fetch the tokenizer.json of the same model.',
  })
}

/** Python's BertTokenizer sets lower-casing and the like from tokenizer_config.json, whatever tokenizer.json says. */
function withConfig(json: TokenizerJson, config: TokenizerConfig): TokenizerJson {
  const isBert = /^Bert(Tokenizer|TokenizerFast)$/.test(config.tokenizer_class ?? '')
  if (!isBert || json.normalizer?.type !== 'BertNormalizer') return json
  return { ...json, normalizer: { ...json.normalizer, ...bertNormalizerSettings(config) } }
}
