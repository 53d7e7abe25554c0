export { openTracedEngine, type TracedEngineOptions } from '../traced/node/open-traced-engine.js'
export { type Candidate, type CandidateOptions, candidates, type EngineName, engineNames } from './candidates.js'
export { type DiagnoseOptions, type Diagnosis, diagnose, type EngineDiagnosis } from './diagnose.js'
export { type EngineAttempt, type OpenEngineOptions, type OpenedEngine, openEngine } from './open-engine.js'
