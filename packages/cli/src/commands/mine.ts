import { writeFileAtomic } from '@ms/core/node'
import { mineHardNegatives } from '@ms/finetune'
import { defineCommand } from '../command.js'
import { computeOptions, pluginOption } from '../compute-options.js'
import { openRetrievalData } from '../open-data.js'
import { openSearchEmbedder } from '../open-embedder.js'
import { progressBar } from '../progress-bar.js'

export const mineCommand = defineCommand({
  name: 'mine',
  summary: 'Find hard negatives: triplets for training',
  usage: '--data D --output FILE.jsonl [--model M]',
  options: {
    model: { type: 'string', value: 'M', help: 'the model whose mistakes are wanted (default: ms-mini-text)' },
    data: { type: 'string', value: 'D', help: 'a BEIR folder with a train split, or a table of pairs', required: true },
    output: { type: 'string', value: 'FILE.jsonl', help: 'triplets: anchor, positive, negative_1 …', required: true },
    count: { type: 'integer', min: 1, max: 100, help: 'negatives for each pair (default: 1)' },
    depth: { type: 'integer', min: 1, max: 10_000, help: 'ranks that are looked at (default: 50)' },
    skip: { type: 'integer', min: 0, max: 10_000, help: 'first ranks that are passed over (default: 0)' },
    'max-relative-score': {
      type: 'number',
      min: 0,
      max: 1,
      value: 'X',
      help: 'a negative scores below X times the positive (default: 0.95)',
    },
    ...pluginOption,
    ...computeOptions,
  },
  run: async ({ options, terminal, signal }) => {
    const data = await openRetrievalData(options.data)
    const embedder = await openSearchEmbedder(options.model, { options, terminal, signal })
    const progress = progressBar(terminal, 'embed')
    try {
      const { columns } = await mineHardNegatives(embedder, data, {
        count: options.count,
        depth: options.depth,
        skip: options.skip,
        maxRelativeScore: options['max-relative-score'],
        signal,
        onProgress: ({ done, total }) => progress.update(done, total),
      })
      const [anchors, positives, ...negatives] = columns
      const lines = anchors.map((anchor, i) =>
        JSON.stringify({
          anchor,
          positive: positives[i],
          ...Object.fromEntries(negatives.map((column, n) => [`negative_${n + 1}`, column[i]])),
        }),
      )
      await writeFileAtomic(options.output, `${lines.join('\n')}\n`)
      progress.end()
      terminal.print(`${lines.length} triplets in ${options.output}`)
      terminal.printJson({ output: options.output, triplets: lines.length })
      return 0
    } finally {
      progress.end()
      await embedder.dispose()
    }
  },
})
