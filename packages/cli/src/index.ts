export { noteMissingFont } from './cjk-font.js'
export { type CompareSystemsOptions, compareSystems } from './compare-systems.js'
export { type ComparisonPageOptions, comparisonPage } from './comparison-page.js'
export { clip, displayWidth, fit } from './display-width.js'
export { formatTable, type TableOptions } from './format-table.js'
export { type ComparisonReport, printComparison, printExamples, type SystemName } from './print-comparison.js'
export { bar, type ProgressBar, progressBar } from './progress-bar.js'
export {
  type DenseOptions,
  type DenseRuns,
  denseRuns,
  evaluateSystem,
  type HybridRuns,
  hybridRuns,
  keywordRuns,
  type SystemOptions,
  type SystemRuns,
} from './systems.js'
export { createTerminal, type Terminal, type TerminalOptions } from './terminal.js'
