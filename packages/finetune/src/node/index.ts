export { checkpointDirectory } from './checkpoint-directory.js'
export { type FeatureDirectoryOptions, featureDirectory } from './feature-directory.js'
export {
  isUnfinishedRun,
  type OpenRunOptions,
  openRunDirectory,
  type RunDirectory,
  type RunRecord,
  readRunEvents,
} from './run-directory.js'
