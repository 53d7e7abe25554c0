/** Scores documents again, with a slower and better model than the one that found them. */
export interface Reranker<Query = string, Document = string> {
  /** One score a document, in their order; higher is better. */
  rerank(query: Query, documents: readonly Document[], options?: { signal?: AbortSignal }): Promise<Float32Array>
}
