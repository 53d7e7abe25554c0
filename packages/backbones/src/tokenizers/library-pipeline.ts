import { Tokenizer as LibraryTokenizer } from '@huggingface/tokenizers'
import { MsError } from '@ms/core'
import type { TokenPipeline } from './pipeline.js'
import type { TokenizerJson } from './tokenizer-json.js'

/** Any tokenizer.json, through @huggingface/tokenizers. @throws `tokenizer.unsupported` when that cannot build it */
export function libraryPipeline(json: TokenizerJson, where: string): TokenPipeline {
  const tokenizer = build(json, where)
  return {
    name: 'library',
    tokenize: (text, out, limit) => {
      // Lone surrogates are no characters; the library would let them through, other implementations see U+FFFD.
      const { ids } = tokenizer.encode(wellFormed(text), { add_special_tokens: false })
      out.append(ids.length > limit ? ids.slice(0, limit) : ids)
    },
  }
}

function build(json: TokenizerJson, where: string): LibraryTokenizer {
  try {
    return new LibraryTokenizer(json, {})
  } catch (cause) {
    throw new MsError(
      'tokenizer.unsupported',
      `this kind of tokenizer cannot be built: ${cause instanceof Error ? cause.message : cause}`,
      {
        where,
        cause,
      },
    )
  }
}

const loneSurrogate = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g

const wellFormed = (text: string): string => text.replace(loneSurrogate, '\ufffd')
