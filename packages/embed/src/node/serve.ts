/** What embeds with an exported model, without TensorFlow.js and without what loads and trains other models: it starts at once. */
export { type EmbeddedChunk, type EmbedStreamOptions, embedStream } from '../embed-stream.js'
export { createEmbedder, type EmbedderOptions, type OwnedEmbedder, type Precision } from '../embedder.js'
export { type ExportedEncoder, isExportedDirectory, type OpenExportedOptions, openExportedEncoder } from './open-exported-encoder.js'
