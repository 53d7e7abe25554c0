import { writeFileAtomic } from '@ms/core/node'
import { embedStream, type Precision } from '@ms/embed'
import { defineCommand } from '../command.js'
import { computeOptions } from '../compute-options.js'
import { openEmbedder } from '../open-embedder.js'
import { progressBar } from '../progress-bar.js'
import { readItems } from '../read-items.js'
import { writeNpy } from '../write-npy.js'

export const encode = defineCommand({
  name: 'encode',
  summary: 'Turn texts into vectors',
  usage: '--model M --input FILE --output FILE.npy',
  options: {
    model: { type: 'string', value: 'M', help: 'a preset, hub id, folder or finished run (default: ms-mini-text)' },
    input: { type: 'string', value: 'FILE', help: '.jsonl (_id, text, title) or .txt (a text a line)', required: true },
    output: { type: 'string', value: 'FILE.npy', help: 'float32 vectors in input order; FILE.ids.txt beside it', required: true },
    role: { type: 'string', choices: ['query', 'document'], help: 'which prompt the model puts before a text (default: document)' },
    'truncate-dim': { type: 'integer', min: 1, value: 'N', help: 'keep the first N components' },
    precision: { type: 'string', choices: ['float32', 'int8', 'binary'], help: 'round the components (default: float32)' },
    ...computeOptions,
  },
  examples: ['ms encode --model ms-mini-text --input corpus.jsonl --output corpus.npy'],
  run: async ({ options, terminal, signal }) => {
    const { ids, texts } = await readItems(options.input)
    const embedder = await openEmbedder(options.model, {
      options,
      terminal,
      signal,
      embedder: { truncateDim: options['truncate-dim'], precision: options.precision as Precision | undefined },
    })
    const progress = progressBar(terminal, 'encode')
    const start = performance.now()
    try {
      const chunks = embedStream(embedder, texts, {
        role: options.role === 'query' ? 'query' : 'document',
        chunkItems: 8192,
        signal,
        onProgress: ({ done }) => progress.update(done, texts.length),
      })
      const parts = (async function* () {
        for await (const { vectors } of chunks) yield vectors
      })()
      await writeNpy(options.output, texts.length, embedder.dim, parts)
      await writeFileAtomic(`${options.output.replace(/\.npy$/, '')}.ids.txt`, `${ids.join('\n')}\n`)
    } finally {
      progress.end()
      await embedder.dispose()
    }
    const seconds = (performance.now() - start) / 1000
    terminal.note(`${texts.length} vectors of ${embedder.dim} in ${options.output} (${seconds.toFixed(1)} s)`)
    terminal.printJson({ output: options.output, count: texts.length, dim: embedder.dim, space: embedder.space, seconds })
    return 0
  },
})
