import type { Inputs, TensorFunction, Tensors } from '@ms/core/tensor'
import { gatherRows, type RecordOnnxOptions, recordOnnx } from '@ms/runtime'
import * as tf from '@tensorflow/tfjs-core'
import { chainFeatures, runModules } from '../module-chain.js'
import type { Features } from '../modules/encoder-module.js'
import { pooling } from '../modules/pooling.js'
import { marksPrompt, type SentenceEncoder } from '../sentence-encoder.js'

/** Sizes of the recorded sample; they do not matter. */
const shape = [3, 6]

/** See `RecordOnnxOptions`. */
export type RecordTextOptions = Pick<RecordOnnxOptions, 'quantize' | 'calibration' | 'externalWeight'>

/** The graph of an encoder of texts as an ONNX file; see `exportOnnx`. */
export function recordTextEncoder(encoder: SentenceEncoder, options: RecordTextOptions = {}): Promise<Uint8Array> {
  const length = shape[0] * shape[1]
  const ids = { shape, data: new Int32Array(length) }
  const sampleInputs: Inputs = {
    input_ids: ids,
    attention_mask: ids,
    ...(encoder.parts.backbone.type === 'Transformer' ? { token_type_ids: ids } : {}),
    ...(marksPrompt(encoder.parts) ? { beyond_prompt: { shape, data: new Float32Array(length) } } : {}),
  }
  const axes = { 0: 'batch', 1: 'length' }
  return recordOnnx(exported(encoder), {
    constants: encoder.parameters,
    sampleInputs,
    dynamicAxes: Object.fromEntries(Object.keys(sampleInputs).map((name) => [name, axes])),
    int64Inputs: ['input_ids', 'attention_mask', 'token_type_ids'],
    ...options,
  })
}

/** The encoder with the vectors of its tokens as a second result, where it has some. */
function exported({ parts }: SentenceEncoder): TensorFunction<Tensors> {
  const { backbone, modules } = parts
  return (weights, inputs) => {
    const features =
      backbone.type === 'StaticEmbedding'
        ? tableFeatures(weights.get(tableName(parts)) as tf.Tensor2D, inputs)
        : chainFeatures(backbone.backbone.forward(inputs, weights, { training: false }), inputs)
    const tokens = features.token_embeddings
    return { ...(tokens ? { last_hidden_state: tokens } : {}), sentence_embedding: runModules(modules, 0, features, weights) }
  }
}

const tableName = ({ backbone }: SentenceEncoder['parts']): string => [...backbone.backbone.shapes.keys()][0]

/** A table reads one long list of ids elsewhere; here it reads what a network reads, and its rows are averaged under the mask. */
function tableFeatures(table: tf.Tensor2D, inputs: Tensors): Features {
  const tokens = gatherRows<tf.Tensor3D>(table, inputs['input_ids'])
  const mask = tf.cast(inputs['attention_mask'], 'float32') as tf.Tensor2D
  return pooling(table.shape[1]).forward({ token_embeddings: tokens, mask }, () => table)
}
