export * from './augment/index.js'
export { defaultSettings } from './default-settings.js'
export {
  type DistillEvent,
  type Distilled,
  type DistillOptions,
  type DistillTexts,
  type DistillTokenizer,
  distill,
  type TokenizedTexts,
  tokenText,
} from './distill/index.js'
export { type CompareOptions, type Comparison, compare, type QueryDifference } from './evaluation/compare.js'
export { type EmbedCorpusOptions, type EmbeddedCorpus, embedCorpus, type RetrievalEmbedder } from './evaluation/embed-corpus.js'
export { defaultMetrics, type EvaluateOptions, type Evaluation, evaluate, type MetricName } from './evaluation/metrics.js'
export { type MineOptions, mineHardNegatives } from './evaluation/mine-hard-negatives.js'
export { embedPicturesAndWords, nearestRunsByWords, type PicturesAndWords, withWords } from './evaluation/pictures-and-words.js'
export { embedQueries, type JudgedQueries, judgedQueries, nearestRun, type RetrieveOptions, retrieve } from './evaluation/retrieve.js'
export { examplesFromRetrieval } from './examples-from-retrieval.js'
export { type ChooseLdaHeadOptions, type ChosenHead, chooseLdaHead } from './heads/choose-lda-head.js'
export { fitLda, type LdaOptions, type LinearMap, prepareLda } from './heads/fit-lda.js'
export { type LdaHeadOptions, ldaHead } from './heads/lda-head.js'
export { linearAdapter } from './heads/linear-adapter.js'
export { type LinearProjectionOptions, linearProjection } from './heads/linear-projection.js'
export { type ProjectionHead, type ProjectionHeadOptions, projectionHead } from './heads/projection-head.js'
export { type BatchHardTripletOptions, batchHardTriplet } from './losses/batch-hard-triplet.js'
export { type CosentOptions, cosentLoss, cosineSimilarityLoss } from './losses/cosine-similarity.js'
export { type MultipleNegativesRankingOptions, multipleNegativesRanking } from './losses/multiple-negatives-ranking.js'
export { type SoftmaxClassifierOptions, softmaxClassifier } from './losses/softmax-classifier.js'
export { type SupervisedContrastiveOptions, supervisedContrastive } from './losses/supervised-contrastive.js'
export { type TripletOptions, tripletLoss } from './losses/triplet.js'
export { type AdamOptions, adam, adamw } from './optimizers/adam.js'
export { type AdamaxOptions, adamax } from './optimizers/adamax.js'
export { type NadamOptions, nadam } from './optimizers/nadam.js'
export { noDecayOnBiasAndNorm, type ParameterGroup } from './optimizers/optimizer.js'
export type { OptimizerRule, StepSettings } from './optimizers/optimizer-rule.js'
export { type SgdOptions, sgd } from './optimizers/sgd.js'
export { type ReportInput, type Shown, type ShownQuery, type ShownResult, trainingReport } from './report/report.js'
export { type ClassBatchOptions, classBatches } from './sampler/class-batches.js'
export { type BatchOptions, epochBatches } from './sampler/epoch-batches.js'
export { type CosineOptions, constant, cosine, linear, type Schedule, type ScheduleOptions } from './schedules/schedule.js'
export type { Checkpoint, CheckpointStore } from './train/checkpoint.js'
export { drift } from './train/drift.js'
export type { FeatureCache } from './train/frozen-features.js'
export { type Evaluator, type EvaluatorOptions, type RetrievalEvaluatorOptions, retrievalEvaluator } from './train/retrieval-evaluator.js'
export { finish, train } from './train/train.js'
export {
  type CheckpointEvent,
  type EndEvent,
  type EpochEvent,
  type EvaluationEvent,
  formatEpoch,
  type Metrics,
  type StartEvent,
  type StepEvent,
  type TrainEvent,
} from './train/train-event.js'
export type { TrainOptions, TrainResult, TrainSettings } from './train/train-options.js'
