import { MsError, vectors } from '@ms/core'
import type { Encoder, Inputs, Processor } from '@ms/core/tensor'
import type { OnnxModelSession } from '@ms/runtime/node/onnx'
import type { Describable } from '../encoder-space.js'
import type { Similarity } from '../sentence-encoder.js'
import type { TokenizedText } from '../text-processor.js'

/** An encoder whose network is a graph in ONNX Runtime. It embeds and cannot be trained. */
export interface ExportedEncoder extends Encoder<string, TokenizedText>, Describable {
  readonly precision: 'float32' | 'int8'
  readonly similarity: Similarity
  readonly truncateDim?: number
  /** Gives back the graph's memory. */
  dispose(): Promise<void>
}

export interface ExportedEncoderParts extends Pick<ExportedEncoder, 'precision' | 'similarity' | 'truncateDim' | 'dim'> {
  /** See `encoderIdentity`. */
  readonly identity: string
  readonly processor: Processor<string, TokenizedText>
  /** What is asked for its weights. @throws always */
  refuse(): never
}

/** Embeds with a graph's output `sentence_embedding`. */
export function exportedEncoder(session: OnnxModelSession, parts: ExportedEncoderParts): ExportedEncoder {
  return directEncoder(parts, {
    direct: async (inputs) => {
      const { data } = await session.run(inputs, 'sentence_embedding')
      return vectors(data, data.length / parts.dim, parts.dim)
    },
    dispose: () => session.release(),
  })
}

export interface DirectParts {
  readonly direct: (inputs: Inputs) => ReturnType<NonNullable<ExportedEncoder['direct']>>
  dispose(): Promise<void>
}

/** An encoder that can do nothing but embed. */
export function directEncoder({ refuse, truncateDim, ...parts }: ExportedEncoderParts, { direct, dispose }: DirectParts): ExportedEncoder {
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
