/** What embeds with an exported model, or with one that was loaded before, without TensorFlow.js and without what loads and trains models. */
export { type EmbeddedChunk, type EmbedStreamOptions, embedStream } from '../embed-stream.js'
export { createEmbedder, type EmbedderOptions, type OwnedEmbedder, type Precision } from '../embedder.js'
export { createModelEmbedders, type EmbeddableModel, type ModelEmbedders } from '../model-embedders.js'
export { textTower } from '../towers.js'
export { type VectorCache, type VectorCacheOptions, vectorCache } from '../vector-cache.js'
export type { ExportedEncoder, ExportedImageEncoder } from './exported-encoder.js'
export {
  type ExportedModel,
  isExportedDirectory,
  type OpenExportedModelOptions,
  type OpenExportedOptions,
  openExportedEncoder,
  openExportedModel,
} from './open-exported-encoder.js'
export { type ResolveModelOptions, resolveModel } from './resolve-model.js'
export { type EncoderSource, openSnapshot, type SnapshotEncoder, type SnapshotOptions } from './snapshot/open-snapshot.js'
export { type RememberedFiles, rememberFiles } from './snapshot/remember-files.js'
export { createThreadedEmbedder, type ThreadedEmbedderOptions } from './threads/threaded-embedder.js'
