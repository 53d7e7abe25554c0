import { writeFileAtomic } from '@ms/core/node'
import { defineCommand } from '../command.js'
import { computeOptions, pluginOption, splitOption, strictOption, wordsOption } from '../compute-options.js'
import { formatTable } from '../format-table.js'
import { modalitiesOf, modelFor } from '../model-for-data.js'
import { judgements, openRetrievalData } from '../open-data.js'
import { openSearchEmbedders } from '../open-search-embedders.js'
import { wrongUse } from '../option-values.js'
import { progressBar } from '../progress-bar.js'
import { readableData } from '../readable-data.js'
import { denseRuns, evaluateSystem, hybridRuns, keywordRuns } from '../systems.js'

type Mode = 'dense' | 'lexical' | 'hybrid'

export const evaluateCommand = defineCommand({
  name: 'eval',
  summary: 'Measure a model, or keyword search, on judged queries',
  usage: '--model M|bm25|RUN --data D',
  options: {
    model: {
      type: 'string',
      value: 'M',
      help: 'a preset, hub id, folder or finished run, or bm25, the plain baseline (default: ms-mini-text, of pictures ms-mini-image)',
    },
    data: {
      type: 'string',
      value: 'D',
      help: 'a BEIR folder, a .jsonl, .csv or .tsv of pairs, or a folder of pictures for each class',
      required: true,
    },
    ...splitOption,
    mode: {
      type: 'string',
      choices: ['dense', 'lexical', 'hybrid'],
      help: 'hybrid fits its weight on the dev split (default: dense; bm25: lexical)',
    },
    ...wordsOption,
    'per-query': { type: 'string', value: 'FILE', help: 'write every query’s values as .tsv' },
    format: { type: 'string', choices: ['beir', 'examples'], help: 'format of the data (default: told by its files)' },
    ...strictOption,
    ...pluginOption,
    ...computeOptions,
  },
  examples: ['ms eval --model ms-mini-text --data ./my-data --mode hybrid', 'ms eval --model bm25 --data ./my-data'],
  run: async ({ options, terminal, signal }) => {
    const keywordOnly = options.model === 'bm25'
    const mode = (options.mode ?? (keywordOnly ? 'lexical' : 'dense')) as Mode
    if (keywordOnly && mode !== 'lexical') throw wrongUse(`bm25 has no ${mode} mode`, 'Name a model, or leave --mode out.')
    const given = await openRetrievalData(options.data, options.format as 'beir' | undefined)
    const split = (options.split ?? 'test') as 'test'
    judgements(given, split)
    const progress = progressBar(terminal, 'embed')
    const onProgress = ({ done, total }: { done: number; total: number }) => progress.update(done, total)
    const model = mode === 'lexical' ? 'bm25' : await modelFor(modalitiesOf(given), options)
    const embedder = mode === 'lexical' ? undefined : await openSearchEmbedders(model, { options, terminal, signal })
    const measure = async () => {
      const data = await readableData(given, embedder?.reader, { terminal, signal, strict: options.strict })
      judgements(data, split)
      const system = { data, split, signal, onProgress }
      if (!embedder) return { data, system, runs: await keywordRuns({ ...system, plain: keywordOnly }), words: undefined }
      const dense = await denseRuns(embedder, { ...system, words: options.words })
      const runs = mode === 'dense' ? dense : hybridRuns(dense, await keywordRuns(system), system)
      return { data, system, runs, words: dense.words }
    }
    const { data, system, runs, words } = await measure().finally(async () => {
      progress.end()
      await embedder?.dispose()
    })
    const evaluation = evaluateSystem(runs, system)
    const fusion = 'fusion' in runs ? runs.fusion : undefined

    if (options['per-query']) {
      const names = Object.keys(evaluation.perQuery)
      const first = evaluation.perQuery[names[0]]
      const lines = [...first.keys()].map((query) => [query, ...names.map((name) => evaluation.perQuery[name].get(query))].join('\t'))
      await writeFileAtomic(options['per-query'], `${['query-id', ...names].join('\t')}\n${lines.join('\n')}\n`)
    }
    const how = [fusion === undefined ? '' : ` with bm25, ${fusion}`, words === undefined ? '' : `, words ${words}`].join('')
    terminal.print(`${model}${how} on ${data.name}: ${evaluation.queries} ${split} queries`)
    const rows = Object.entries(evaluation.metrics).map(([name, value]) => [name, value.toFixed(4)])
    terminal.print(formatTable([['metric', 'value'], ...rows], { indent: 2 }))
    terminal.printJson({
      model,
      data: data.name,
      split,
      mode,
      ...(fusion ? { fusion } : {}),
      ...(words === undefined ? {} : { words }),
      queries: evaluation.queries,
      metrics: evaluation.metrics,
    })
    return 0
  },
})
