import { documentText } from '@ms/core'
import { writeFileAtomic } from '@ms/core/node'
import { vectorCache } from '@ms/embed/node/serve'
import { readRunEvents } from '@ms/finetune/node'
import { noteMissingFont } from '../cjk-font.js'
import { defineCommand } from '../command.js'
import { compareSystems } from '../compare-systems.js'
import { comparisonPage } from '../comparison-page.js'
import { computeOptions, pluginOption, seedOption, splitOption, strictOption, wordsOption } from '../compute-options.js'
import { modalitiesOf, modelFor } from '../model-for-data.js'
import { judgements, openRetrievalData } from '../open-data.js'
import { openSearchEmbedders } from '../open-search-embedders.js'
import { printComparison, printExamples } from '../print-comparison.js'
import { readableData } from '../readable-data.js'

/** A drop smaller than chance would make is no drop. */
const significance = 0.05

export const compareCommand = defineCommand({
  name: 'compare',
  summary: 'Keyword search, the base model and the tuned one, side by side',
  usage: '--base M --tuned RUN --data D',
  options: {
    base: { type: 'string', value: 'M', help: 'the model before tuning (default: ms-mini-text, of pictures ms-mini-image)' },
    tuned: { type: 'string', value: 'RUN', help: 'the run, or model, after it', required: true },
    data: {
      type: 'string',
      value: 'D',
      help: 'a BEIR folder, a .jsonl, .csv or .tsv of pairs, or a folder of pictures for each class',
      required: true,
    },
    ...splitOption,
    ...wordsOption,
    html: { type: 'string', value: 'FILE', help: 'write a page with the training, the measurements and queries won and lost' },
    'fail-if-worse': { type: 'boolean', help: 'exit 1 when tuned or hybrid-tuned is worse than base (p < 0.05)' },
    format: { type: 'string', choices: ['beir', 'examples'], help: 'format of the data (default: told by its files)' },
    ...strictOption,
    ...pluginOption,
    ...seedOption,
    ...computeOptions,
  },
  examples: ['ms compare --base ms-mini-text --tuned runs/mine --data ./my-data --fail-if-worse'],
  run: async ({ options, terminal, signal }) => {
    const given = await openRetrievalData(options.data, options.format as 'beir' | undefined)
    const split = (options.split ?? 'test') as 'test'
    judgements(given, split)
    // Two models may read pictures with the same encoder.
    const cache = vectorCache()
    const open = (name: string) => openSearchEmbedders(name, { options, terminal, signal, cache })
    const before = await modelFor(modalitiesOf(given), { model: options.base, plugin: options.plugin })
    const base = await open(before)
    const tuned = await open(options.tuned)
    try {
      const reader = tuned.reader ?? base.reader
      const data = await readableData(given, reader, { terminal, signal, strict: options.strict })
      const { seed, words } = options
      const report = await compareSystems({ data, split, base, tuned, seed, words, signal, onStep: (step) => terminal.redraw(step) })
      terminal.redraw('')
      printComparison(report, terminal)
      printExamples(report, data, terminal)
      if (options.html) {
        const page = await comparisonPage(report, data, {
          title: `${data.name}: ${options.tuned} against ${before}`,
          events: await readRunEvents(options.tuned),
        })
        await writeFileAtomic(options.html, page)
        terminal.print(`\n  page in ${options.html}`)
        await noteMissingFont([...data.queries.values(), ...data.corpus].map(documentText), terminal)
      }
      const worse = report.differences.filter(
        ({ baseline, comparison }) => baseline !== 'keyword' && comparison.difference < 0 && comparison.pValue < significance,
      )
      terminal.printJson({
        data: report.data,
        split,
        queries: report.queries,
        metric: report.metric,
        systems: Object.fromEntries(Object.entries(report.systems).map(([name, { metrics }]) => [name, metrics])),
        fusion: report.fusion,
        words: report.words,
        differences: report.differences.map(({ candidate, baseline, comparison }) => ({ candidate, baseline, ...comparison })),
        worse: worse.map(({ candidate, baseline }) => `${candidate} than ${baseline}`),
      })
      if (!options['fail-if-worse'] || worse.length === 0) return 0
      terminal.note(`worse: ${worse.map(({ candidate, baseline }) => `${candidate} than ${baseline}`).join(', ')}`)
      return 1
    } finally {
      terminal.redraw('')
      await base.dispose()
      await tuned.dispose()
    }
  },
})
