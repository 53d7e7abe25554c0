import type { PreparedPicture } from '@ms/backbones'
import { type ImageSource, MsError, vectors } from '@ms/core'
import type { Encoder, Inputs, Prepared, Processor } from '@ms/core/tensor'
import type { OnnxModelSession } from '@ms/runtime/node/onnx'
import type { Describable } from '../encoder-space.js'
import type { Similarity } from '../sentence-encoder.js'
import type { TokenizedText } from '../text-processor.js'

/** An encoder whose network is a graph in ONNX Runtime: of texts, unless it says otherwise. It embeds and cannot be trained. */
export interface ExportedEncoder<Item = string, P extends Prepared = TokenizedText> extends Encoder<Item, P>, Describable {
  readonly precision: 'float32' | 'int8'
  readonly similarity: Similarity
  readonly truncateDim?: number
  /** Pictures that are encoded together. */
  readonly batchItems?: number
  /** Tokens of texts that are encoded together. */
  readonly batchTokens?: number
  /** Gives back the graph's memory. */
  dispose(): Promise<void>
}

/** An encoder of pictures whose network is a graph in ONNX Runtime. */
export type ExportedImageEncoder = ExportedEncoder<ImageSource, PreparedPicture>

export interface ExportedEncoderParts<Item = string, P extends Prepared = TokenizedText>
  extends Pick<ExportedEncoder, 'precision' | 'similarity' | 'truncateDim' | 'batchItems' | 'symmetric' | 'dim'> {
  /** See `encoderIdentity`. */
  readonly identity: string
  readonly processor: Processor<Item, P>
  /** What is asked for its weights. @throws always */
  refuse(): never
}

/** What a layer makes of so many tokens fits the cache that a processor has for itself (MiniLM: bench/batch-tokens.mjs). */
const tokensOfThread = 512

/** Embeds with one of a graph's outputs. */
export function exportedEncoder<Item, P extends Prepared>(
  session: OnnxModelSession,
  output: string,
  parts: ExportedEncoderParts<Item, P>,
): ExportedEncoder<Item, P> {
  const encoder = directEncoder(parts, {
    direct: async (inputs) => {
      const { data } = await session.run(inputs, output)
      return vectors(data, data.length / parts.dim, parts.dim)
    },
    dispose: () => session.release(),
  })
  return parts.batchItems === undefined ? { ...encoder, batchTokens: tokensOfThread * session.threads } : encoder
}

export interface DirectParts {
  readonly direct: (inputs: Inputs) => ReturnType<NonNullable<ExportedEncoder['direct']>>
  dispose(): Promise<void>
}

/** An encoder that can do nothing but embed. */
export function directEncoder<Item, P extends Prepared>(
  { refuse, truncateDim, ...parts }: ExportedEncoderParts<Item, P>,
  { direct, dispose }: DirectParts,
): ExportedEncoder<Item, P> {
  return {
    ...parts,
    ...(truncateDim === undefined ? {} : { truncateDim }),
    fingerprint: parts.identity,
    parameters: new Map(),
    lookups: {},
    forward: refuse,
    withParameters: refuse,
    direct,
    dispose,
  }
}

export const untrainable = (where: string): MsError =>
  new MsError('encoder.exported', 'this encoder embeds, and has no weights that could be read or trained', { where, kind: 'failure' })
