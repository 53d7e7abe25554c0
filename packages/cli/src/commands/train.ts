import { type Data, type Examples, holdOutDev, type RetrievalData, retrievalFromExamples } from '@ms/core'
import { examplesFromRetrieval } from '@ms/finetune'
import { defineCommand } from '../command.js'
import { computeOptions, seedOption } from '../compute-options.js'
import { openData, openRetrievalData } from '../open-data.js'
import { openEngineFor } from '../open-engine.js'
import { defaultModel, openModel } from '../open-model.js'
import { trainingPrinter } from '../print-training.js'
import { trainRun } from '../train-run.js'
import { trainingOptions, trainingSettings } from '../training-settings.js'

/** Examples to train on, and judged dev queries to choose by. Triplets and scored pairs train as they are. */
async function trainingData(data: Data): Promise<{ examples: Examples; dev?: RetrievalData }> {
  if (data.kind === 'retrieval') {
    const split = await holdOutDev(data)
    return { examples: examplesFromRetrieval(split), dev: split.qrels.has('dev') ? split : undefined }
  }
  if (data.kind !== 'pair') return { examples: data }
  const split = await retrievalFromExamples(data, { name: data.name })
  return split.qrels.has('train') && split.qrels.has('dev') ? { examples: examplesFromRetrieval(split), dev: split } : { examples: data }
}

export const trainCommand = defineCommand({
  name: 'train',
  summary: 'Fine-tune a model on your data',
  usage: '--data D --out RUN [--model M]',
  options: {
    model: { type: 'string', value: 'M', help: 'what to begin with: a preset, hub id, folder or finished run (default: ms-mini-text)' },
    data: { type: 'string', value: 'D', help: 'a BEIR folder, or a .jsonl, .csv or .tsv of pairs or triplets', required: true },
    out: {
      type: 'string',
      value: 'RUN',
      help: 'folder of the run: run.json, events.jsonl, checkpoints/, model/, report.html',
      required: true,
    },
    ...trainingOptions,
    eval: {
      type: 'string',
      value: 'D2',
      help: 'take the dev queries from here (default: the data’s own dev split, else a tenth held out)',
    },
    'early-stop': { type: 'integer', min: 1, help: 'end after N epochs without a better dev score' },
    resume: { type: 'boolean', help: 'go on from the last checkpoint in RUN' },
    format: { type: 'string', choices: ['beir', 'examples'], help: 'format of the data (default: told by its files)' },
    ...seedOption,
    ...computeOptions,
  },
  examples: [
    'ms train --data ./my-data --out runs/mine',
    'ms train --model all-MiniLM-L6-v2 --data pairs.jsonl --out runs/minilm --epochs 2 --lr 5e-5',
  ],
  run: async ({ options, terminal, signal }) => {
    const { examples, dev: own } = await trainingData(await openData(options.data, options.format as 'beir' | undefined))
    const dev = options.eval ? await openRetrievalData(options.eval) : own
    const encoder = await openModel(options.model, { terminal, signal })
    const { settings, loss } = trainingSettings(options, encoder, examples)
    const engine = await openEngineFor(options, terminal, signal)
    const printer = trainingPrinter(terminal)
    try {
      const { end, modelPath } = await trainRun({
        encoder,
        model: options.model ?? defaultModel,
        examples,
        dev,
        loss,
        settings,
        out: options.out,
        engine,
        earlyStop: options['early-stop'],
        resume: options.resume,
        signal,
        onEvent: printer.onEvent,
      })
      terminal.print(`model in ${modelPath}`)
      terminal.printJson({
        run: options.out,
        model: modelPath,
        steps: end.steps,
        reason: end.reason,
        bestStep: end.bestStep,
        lossDiff: end.lossDiff,
        dev: end.metrics,
        seconds: end.seconds,
      })
      return 0
    } finally {
      printer.end()
      await engine.dispose()
    }
  },
})
