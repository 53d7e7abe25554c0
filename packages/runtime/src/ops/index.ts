export { hardSigmoid, hardSwish, quickGelu, relu6, silu } from './activations.js'
export {
  type BatchNormOptions,
  type BatchNormTraining,
  type BatchNormTrainingOptions,
  batchNorm,
  batchNormTraining,
  conv2dBatchNorm,
} from './batch-norm.js'
export { type Conv2dOptions, conv2d } from './conv2d.js'
export { attendDropping, dropout } from './dropout.js'
export { composedEmbeddingBag, type EmbeddingBagOptions, embeddingBag } from './embedding-bag.js'
export { gatherRows } from './gather-rows.js'
export { gelu } from './gelu.js'
export * from './kernel-names.js'
export { l2Normalize } from './l2-normalize.js'
export { layerNorm } from './layer-norm.js'
export { type Pad2dOptions, pad2d } from './pad2d.js'
export { type AvgPool2dOptions, avgPool2d, globalAveragePool, maxPool2d, type Pool2dOptions } from './pool2d.js'
export { type Resize2dOptions, resize2d } from './resize2d.js'
export type { Extent2d, Margins2d, Padding2d } from './sliding-window.js'
export { softmax } from './softmax.js'
export { softmaxCrossEntropy } from './softmax-cross-entropy.js'
