import { MsError, type Role } from '@ms/core'
import type { Inputs } from '@ms/core/tensor'
import type { Calibration } from '@ms/runtime'
import { marksPrompt, promptsByRole, type SentenceEncoder } from '../sentence-encoder.js'
import { sequenceProcessor } from '../text-processor.js'
import { calibrationTexts } from './calibration-texts.js'
import { graphOutputs } from './exported-manifest.js'
import { recordTextEncoder } from './record-text-encoder.js'

/** Runs graphs. */
export type OpenGraph = Calibration['open']

/** Texts of each length that ranges are found with, and that the result is judged by. */
const [forRanges, forJudging] = [
  { rounds: 4, seed: 1 },
  { rounds: 1, seed: 2 },
]

/** How much farther from float32 vectors may be for being computed quicker. */
const tolerance = 1.25

/**
 * The graph in eight bits. With something to run graphs, ranges of what products are fed are found beforehand; scales found as they come are kept
 * where vectors stay closer with them.
 *
 * @param plain the graph in float32
 */
export async function recordInt8TextEncoder(encoder: SentenceEncoder, plain: Uint8Array, open?: OpenGraph): Promise<Uint8Array> {
  const byRows = await recordTextEncoder(encoder, { quantize: 'int8' })
  // A table is quicker in plain JavaScript.
  if (!open || encoder.parts.backbone.type === 'StaticEmbedding') return byRows
  try {
    const calibration = { samples: await samplesOf(encoder, forRanges), open }
    const byColumns = await recordTextEncoder(encoder, { quantize: 'int8', calibration })
    const judging = await samplesOf(encoder, forJudging)
    const wanted = await vectorsOf(plain, judging, open)
    const distanceOf = async (graph: Uint8Array) => distance(await vectorsOf(graph, judging, open), wanted)
    return (await distanceOf(byColumns)) <= tolerance * (await distanceOf(byRows)) ? byColumns : byRows
  } catch (error) {
    // Nothing can be found out where ONNX Runtime is not installed.
    if (MsError.isInstance(error) && error.code === 'engine.unusable') return byRows
    throw error
  }
}

/** Each text alone, so that nothing is padded, and in both roles in turn. */
async function samplesOf({ parts }: SentenceEncoder, sample: { rounds: number; seed: number }): Promise<Inputs[]> {
  const { prepare, collate } = sequenceProcessor({
    tokenizer: parts.tokenizer,
    prompts: promptsByRole(parts),
    maxLength: parts.maxLength,
    markPrompt: marksPrompt(parts),
    padToMultiple: 1,
    positions: Number.POSITIVE_INFINITY,
  })
  const roles: readonly Role[] = ['document', 'query']
  const samples: Inputs[] = []
  for (const [i, text] of calibrationTexts(parts.tokenizer, sample).entries()) {
    const prepared = await prepare([text], roles[i % 2])
    // A network that adds no special tokens has nothing to read in an empty text.
    if (prepared[0].ids.length > 0) samples.push(collate(prepared))
  }
  return samples
}

async function vectorsOf(graph: Uint8Array, samples: readonly Inputs[], open: OpenGraph): Promise<Float32Array[]> {
  const session = await open(graph)
  try {
    const vectors: Float32Array[] = []
    for (const sample of samples) vectors.push((await session.run(sample, graphOutputs.text)).data)
    return vectors
  } finally {
    await session.release()
  }
}

/** Mean of 1 − cosine. */
function distance(found: readonly Float32Array[], wanted: readonly Float32Array[]): number {
  const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, i) => sum + value * b[i], 0)
  const sum = found.reduce((all, vector, i) => {
    const lengths = Math.sqrt(dot(vector, vector) * dot(wanted[i], wanted[i]))
    return all + 1 - (lengths > 0 ? dot(vector, wanted[i]) / lengths : 0)
  }, 0)
  return sum / Math.max(1, found.length)
}
