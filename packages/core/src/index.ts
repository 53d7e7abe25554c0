export type { Examples, Modality } from './data/examples.js'
export { holdOutDev } from './data/hold-out-dev.js'
export { jsonLines, type Line, type LinesOptions, type TextLinesOptions, textLines } from './data/json-lines.js'
export { type DataNotice, labelNotices } from './data/label-notices.js'
export { isPictureName, picturePath } from './data/picture-path.js'
export { type Data, type DataFormat, readData } from './data/read-data.js'
export { readExamples } from './data/read-examples.js'
export { type DocumentLinesOptions, documentLines, readDocuments, readRetrievalData } from './data/read-retrieval.js'
export {
  type Document,
  documentText,
  pictureOf,
  type Qrels,
  type Query,
  type RetrievalData,
  type Run,
  type Split,
} from './data/retrieval.js'
export { type RetrievalFromExamplesOptions, retrievalFromExamples } from './data/retrieval-from-examples.js'
export { splitByHash } from './data/split-by-hash.js'
export type { Embedder, EmbedOptions, Role } from './embedder.js'
export { type ErrorKind, MsError, type MsErrorOptions } from './errors.js'
export type { ImageSource } from './image-source.js'
export type { Analyzer, LexicalDocument, LexicalIndex, LexicalSearchOptions, Token } from './lexical-index.js'
export { memoryFiles } from './memory-files.js'
export type { ModelFiles } from './model-files.js'
export type { OnProgress, Progress } from './progress.js'
export { type Random, seededRandom } from './random.js'
export type { Reranker } from './reranker.js'
export { type NearestRows, nearestRows, rowProducts } from './scoring/nearest-rows.js'
export { type BlockScorer, blockScorer } from './scoring/score-block.js'
export { topK } from './scoring/top-k.js'
export type { Hit, IdSet, Metric, VectorIndex, VectorSearchOptions } from './vector-index.js'
export { assertFinite, normalizeRows, row, type Vectors, vectors } from './vectors.js'
