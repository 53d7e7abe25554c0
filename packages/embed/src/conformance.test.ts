import { memoryFiles } from '@ms/core'
import { openEngine } from '@ms/runtime/node'
import { describeEncoder } from '@ms/testing'
import { traced } from './fixtures/engines.js'
import { tinyEncoder } from './fixtures/tiny-encoders.js'
import { loadEncoder } from './load-encoder.js'
import { saveEncoder } from './save-encoder.js'
import type { SentenceEncoder } from './sentence-encoder.js'
import type { TokenizedText } from './text-processor.js'

const items = ['the query', 'hello search text', 'a', 'one 2 three: searched, the end of a longer text', 'naïve café 🍕 中文 [MASK]']
const emptyItems = ['', ' \t\n ']

const names = [
  'mean, normalised',
  'pooling all',
  'pooling lasttoken without the prompt',
  'two dense layers',
  'dense residual, other width',
  'layer norm and dropout',
  'static, normalised',
  'static, dense',
  'static, prompts',
  'model2vec, normalised, without modules.json',
]

for (const backend of ['cpu', 'wasm', ...(traced ? (['traced'] as const) : [])] as const) {
  // cpu is the reference; the others compute the same kernels in other ways, so a network and a table will do there.
  for (const name of backend === 'cpu' ? names : ['pooling all', 'static, dense']) {
    describeEncoder<string, TokenizedText>(`${name}, on ${backend},`, {
      encoder: () => loadEncoder(tinyEncoder(name).files),
      engine: () => openEngine({ backend, threads: 1 }),
      items,
      emptyItems,
      saveAndLoad: async (encoder) => {
        const files = memoryFiles()
        await saveEncoder(encoder as SentenceEncoder, files)
        return loadEncoder(files)
      },
    })
  }
}
