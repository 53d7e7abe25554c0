import type { CommandEntry } from '../main.js'

/** Every word that may follow `ms`. A command's code is loaded when it is called. */
export const commands: readonly CommandEntry[] = [
  { name: 'train', summary: 'Fine-tune a model on your data', load: async () => (await import('./train.js')).trainCommand },
  {
    name: 'eval',
    summary: 'Measure a model, or keyword search, on judged queries',
    load: async () => (await import('./eval.js')).evaluateCommand,
  },
  {
    name: 'compare',
    summary: 'Keyword search, the base model and the tuned one, side by side',
    load: async () => (await import('./compare.js')).compareCommand,
  },
  { name: 'encode', summary: 'Turn texts into vectors', load: async () => (await import('./encode.js')).encode },
  {
    name: 'index',
    summary: 'Make and change a collection that can be searched',
    load: async () => (await import('./index-collection.js')).indexCommand,
  },
  { name: 'search', summary: 'Search a collection', load: async () => (await import('./search.js')).searchCommand },
  { name: 'mine', summary: 'Find hard negatives: triplets for training', load: async () => (await import('./mine.js')).mineCommand },
  {
    name: 'doctor',
    summary: 'What this machine can compute with, and how fast',
    load: async () => (await import('./doctor.js')).doctorCommand,
  },
  {
    name: 'distill',
    summary: 'Make a small static model of a large one, from texts without labels',
    load: async () => (await import('./distill.js')).distillCommand,
  },
  {
    name: 'export',
    summary: 'Write a model as ONNX, for serving here and elsewhere',
    load: async () => (await import('./export.js')).exportCommand,
  },
  { name: 'models', summary: 'List the models that have a short name', load: async () => (await import('./models.js')).modelsCommand },
]
