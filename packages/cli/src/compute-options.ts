import type { OptionSpecs } from './option-values.js'

/** What every command that computes understands. */
export const computeOptions = {
  backend: {
    type: 'string',
    choices: ['auto', 'traced', 'native-gpu', 'native', 'webgpu', 'webgpu-traced', 'webgpu-eager', 'wasm', 'cpu'],
    help: 'what runs the mathematics (default: auto, the fastest that works)',
  },
  threads: { type: 'integer', min: 1, max: 1024, value: 'N', help: 'threads it may use (default: MS_THREADS, else all cores)' },
} as const satisfies OptionSpecs

export const pluginOption = {
  plugin: {
    type: 'strings',
    value: 'MODULE',
    help: 'a package or file that makes encoders of its own kind; --model NAME begins with a fresh one. May be given several times',
  },
} as const satisfies OptionSpecs

export const strictOption = {
  strict: { type: 'boolean', help: 'stop at a picture that cannot be read (default: leave it out, and say so at the end)' },
} as const satisfies OptionSpecs

export const seedOption = {
  seed: { type: 'integer', min: 0, max: 4294967295, value: 'N', help: 'everything random comes from it (default: 1)' },
} as const satisfies OptionSpecs

export const splitOption = {
  split: { type: 'string', choices: ['test', 'dev', 'train'], help: 'which judged queries (default: test)' },
} as const satisfies OptionSpecs

export const wordsOption = {
  words: {
    type: 'number',
    min: 0,
    max: 1,
    value: 'X',
    help: 'the share of its words in the vector of a document with a picture, 0 picture … 1 words (default: the best on dev queries, else 0)',
  },
} as const satisfies OptionSpecs
