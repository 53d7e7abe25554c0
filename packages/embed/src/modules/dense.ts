import { MsError } from '@ms/core'
import * as tf from '@tensorflow/tfjs-core'
import { z } from 'zod'
import { checked } from '../read-json.js'
import { type Activation, activate, activationClass, activationFromClass } from './activation.js'
import type { EncoderModule, FeatureName, ModuleFactory, Widths } from './encoder-module.js'
import { featureName, onRows } from './feature-rows.js'

const schema = z
  .object({
    in_features: z.int().positive(),
    out_features: z.int().positive(),
    bias: z.boolean().optional(),
    activation_function: z.string().optional(),
    module_input_name: z.string().nullish(),
    module_output_name: z.string().nullish(),
    use_residual: z.boolean().nullish(),
  })
  .catchall(z.unknown())

export interface DenseOptions {
  /** Width of what comes in. */
  inFeatures: number
  /** Width of the result. */
  outFeatures: number
  /** Default: true. */
  bias?: boolean
  /** Default: tanh, as in sentence-transformers. */
  activation?: Activation
  /** Adds what came in (through a matrix of its own where the widths differ). Default: false. */
  residual?: boolean
  /** Default: `sentence_embedding`. */
  input?: FeatureName
  /** Default: `input`. */
  output?: FeatureName
}

/** `activation(x · weightᵀ + bias)` on every row: `[…, inFeatures]` → `[…, outFeatures]`. Weights as in torch: `linear.weight [out, in]`. */
export function dense(
  options: DenseOptions,
  before: Widths = { [options.input ?? 'sentence_embedding']: options.inFeatures },
): EncoderModule {
  const {
    inFeatures,
    outFeatures,
    bias = true,
    activation = 'tanh',
    residual = false,
    input = 'sentence_embedding',
    output = input,
  } = options
  const shapes = new Map<string, readonly number[]>([['linear.weight', [outFeatures, inFeatures]]])
  if (bias) shapes.set('linear.bias', [outFeatures])
  const projected = residual && inFeatures !== outFeatures
  if (projected) shapes.set('residual.weight', [outFeatures, inFeatures])
  return {
    type: 'Dense',
    config: {
      in_features: inFeatures,
      out_features: outFeatures,
      bias,
      activation_function: activationClass(activation),
      ...(input === 'sentence_embedding' && output === input ? {} : { module_input_name: input, module_output_name: output }),
      ...(residual ? { use_residual: true } : {}),
    },
    shapes,
    widths: { ...before, [output]: outFeatures },
    forward: (features, weight) =>
      onRows(features, input, output, outFeatures, (rows) => {
        const product: tf.Tensor2D = tf.matMul(rows, weight('linear.weight') as tf.Tensor2D, false, true)
        const sum: tf.Tensor2D = bias ? tf.add(product, weight('linear.bias')) : product
        const activated = activate(activation, sum)
        if (!residual) return activated
        return tf.add(activated, projected ? tf.matMul(rows, weight('residual.weight') as tf.Tensor2D, false, true) : rows)
      }),
  }
}

/** Reads `2_Dense/config.json`. */
export const denseFromConfig: ModuleFactory = (json, before, where) => {
  const config = checked(json, schema, where)
  const input = featureName(config.module_input_name, 'module_input_name', where)
  const output = config.module_output_name ? featureName(config.module_output_name, 'module_output_name', where) : input
  const width = before[input]
  if (width === undefined)
    throw new MsError('encoder.order', `Dense reads ${input}, which no module before it makes`, { where: 'modules.json' })
  if (width !== config.in_features) {
    throw new MsError('encoder.width', `the field in_features is ${config.in_features}, but ${input} has ${width} dimensions there`, {
      where,
    })
  }
  return dense(
    {
      inFeatures: config.in_features,
      outFeatures: config.out_features,
      bias: config.bias,
      activation: config.activation_function === undefined ? 'tanh' : activationFromClass(config.activation_function, where),
      residual: config.use_residual ?? false,
      input,
      output,
    },
    before,
  )
}
