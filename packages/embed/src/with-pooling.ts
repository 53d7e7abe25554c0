import { type PoolingMode, pooling } from './modules/pooling.js'
import { type SentenceEncoder, sentenceEncoder } from './sentence-encoder.js'

/**
 * The same network and weights, with another way to make one vector of a text's. Undefined where it does not pool, or pools in several
 * ways at a time, so that what follows would be given another width.
 *
 * @example
 * ```ts
 * import { loadEncoder, withPooling } from '@ms/embed'
 * import { directoryFiles } from '@ms/core/node'
 *
 * const encoder = await loadEncoder(directoryFiles('models/all-MiniLM-L6-v2'))
 * const byFirstToken = withPooling(encoder, 'cls')
 * ```
 */
export function withPooling({ parts, parameters }: SentenceEncoder, mode: PoolingMode): SentenceEncoder | undefined {
  const { width } = parts.backbone.backbone
  const at = parts.modules.findIndex(({ type }) => type === 'Pooling')
  if (at < 0 || parts.modules[at].widths.sentence_embedding !== width) return undefined
  return sentenceEncoder({ ...parts, modules: parts.modules.with(at, pooling(width, { modes: [mode] })) }, parameters)
}
