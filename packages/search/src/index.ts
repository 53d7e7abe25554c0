export {
  createSearch,
  type DenseLeg,
  type DocumentLookup,
  type QueryOptions,
  type Search,
  type SearchMode,
  type SearchOptions,
  type SearchResult,
  type SearchResults,
} from './create-search.js'
export { type ConvexFusionOptions, convexFusion } from './fusion/convex-fusion.js'
export { type FitFusionWeightOptions, fitFusionWeight } from './fusion/fit-fusion-weight.js'
export { type FittedWeight, type FitWeightOptions, fitWeight } from './fusion/fit-weight.js'
export { fuseRuns } from './fusion/fuse-runs.js'
export type { FusedHit, Fusion } from './fusion/fusion.js'
export { type ReciprocalRankFusionOptions, reciprocalRankFusion } from './fusion/reciprocal-rank-fusion.js'
export { escapeHtml, type HighlightOptions, highlight, mergeRanges, type Range } from './snippet/highlight.js'
export { matchRanges, type Snippet, type SnippetOptions, snippet } from './snippet/snippet.js'
