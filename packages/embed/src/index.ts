export { type EmbeddedChunk, type EmbedStreamOptions, embedStream } from './embed-stream.js'
export { createEmbedder, type EmbedderOptions, type OwnedEmbedder, type Precision } from './embedder.js'
export { type Describable, encoderIdentity, encoderSpace, type SpaceOptions } from './encoder-space.js'
export {
  type ImageBackbone,
  type ImageEncoder,
  type ImageEncoderParts,
  imageEncoder,
  type OpenImageProcessor,
} from './image-encoder.js'
export { builtinBackbones, type LoadEncoderOptions, loadEncoder } from './load-encoder.js'
export { type LoadImageEncoderOptions, loadImageEncoder } from './load-image-encoder.js'
export { type LoadedModel, type LoadModelOptions, loadModel } from './load-model.js'
export type { ModelCard } from './model-card.js'
export { createModelEmbedders, type EmbeddableModel, type ModelEmbedders } from './model-embedders.js'
export { type Activation, activations } from './modules/activation.js'
export { type DenseOptions, dense } from './modules/dense.js'
export type { EncoderModule, FeatureName, Features, Widths } from './modules/encoder-module.js'
export { layerNorm } from './modules/layer-norm.js'
export { normalize } from './modules/normalize.js'
export { type PoolingMode, type PoolingOptions, pooling, poolingModes } from './modules/pooling.js'
export { type ExportableEncoder, type ExportOnnxOptions, exportOnnx } from './onnx/export-onnx.js'
export { type PluggedEncoder, pluggedEncoder } from './plugged/plugged-encoder.js'
export { type PromptSettings, type Prompts, promptFor } from './prompts.js'
export {
  type BinaryVectors,
  dequantizeBinary,
  dequantizeInt8,
  type Int8Vectors,
  quantizeBinary,
  quantizeInt8,
} from './quantize.js'
export { type SaveEncoderOptions, saveEncoder } from './save-encoder.js'
export {
  type EncoderBackbone,
  encoderShapes,
  type Notice,
  type SentenceEncoder,
  type SentenceEncoderParts,
  type Similarity,
  sentenceEncoder,
} from './sentence-encoder.js'
export type { MaxLength, TokenizedText } from './text-processor.js'
export { type VectorCache, type VectorCacheOptions, vectorCache } from './vector-cache.js'
export { withPooling } from './with-pooling.js'
