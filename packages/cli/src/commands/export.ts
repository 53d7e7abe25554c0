import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { RetrievalData } from '@ms/core'
import { createModelEmbedders } from '@ms/embed'
import { exportOnnxDirectory } from '@ms/embed/node'
import { defineCommand } from '../command.js'
import { computeOptions, pluginOption, splitOption, strictOption } from '../compute-options.js'
import { judgements, openRetrievalData } from '../open-data.js'
import { openEngineFor } from '../open-engine.js'
import { openAnyModel } from '../open-model.js'
import { openSearchEmbedders, type SearchEmbedders } from '../open-search-embedders.js'
import { progressBar } from '../progress-bar.js'
import { readableData } from '../readable-data.js'
import { denseRuns, evaluateSystem } from '../systems.js'

const metric = 'ndcg@10'

export const exportCommand = defineCommand({
  name: 'export',
  summary: 'Write a model as ONNX, for serving here and elsewhere',
  usage: '--model M --out DIR [--quantize int8] [--data D]',
  options: {
    model: { type: 'string', value: 'M', help: 'a preset, hub id, folder or finished run (default: ms-mini-text)' },
    format: { type: 'string', choices: ['onnx'], help: 'of the export (default: onnx)' },
    out: { type: 'string', value: 'DIR', help: 'a new folder, or that of an earlier export; --model DIR embeds with it', required: true },
    quantize: {
      type: 'string',
      choices: ['int8'],
      help: 'weights in eight bits: a quarter of the size, and quicker where the network is made of products, not of convolutions',
    },
    data: { type: 'string', value: 'D', help: 'measure nDCG@10 on its judged queries before and after' },
    ...splitOption,
    ...strictOption,
    ...pluginOption,
    ...computeOptions,
  },
  examples: [
    'ms export --model runs/mine --out models/shipped --quantize int8 --data ./my-data',
    'ms encode --model models/shipped --input corpus.jsonl --output corpus.npy',
  ],
  run: async ({ options, terminal, signal }) => {
    const split = (options.split ?? 'test') as 'test'
    const given = options.data === undefined ? undefined : await openRetrievalData(options.data)
    if (given) judgements(given, split)
    const model = await openAnyModel(options.model, { terminal, signal, plugin: options.plugin })
    const quantize = options.quantize as 'int8' | undefined
    await exportOnnxDirectory(model, options.out, { quantize })
    const files = await sizes(options.out)
    for (const [name, bytes] of Object.entries(files))
      terminal.print(`${(bytes / 1e6).toFixed(1).padStart(7)} MB  ${join(options.out, name)}`)

    const progress = progressBar(terminal, 'embed')
    const measure = async (data: RetrievalData, embedder: Pick<SearchEmbedders, 'text' | 'image' | 'dispose'>) => {
      try {
        const runs = await denseRuns(embedder, { data, split, signal, onProgress: ({ done, total }) => progress.update(done, total) })
        return evaluateSystem(runs, { data, split }).metrics[metric]
      } finally {
        progress.end()
        await embedder.dispose()
      }
    }
    let measured: { before: number; after: number; loss: number } | undefined
    if (given) {
      const data = await readableData(given, model.image, { terminal, signal, strict: options.strict })
      judgements(data, split)
      const normalize = (model.text ?? model.image)?.similarity !== 'dot'
      const engine = () => openEngineFor(options, terminal, signal)
      const before = await measure(data, await createModelEmbedders(model, { normalize, engine }))
      const after = await measure(data, await openSearchEmbedders(options.out, { options, terminal, signal }))
      measured = { before, after, loss: before - after }
      terminal.print(`${metric} on ${data.name}, ${split}: ${before.toFixed(4)} before, ${after.toFixed(4)} after the export`)
    }
    terminal.printJson({ out: options.out, quantize: quantize ?? null, files, ...(measured ? { metric, split, ...measured } : {}) })
    return 0
  },
})

/** Bytes of the graphs. */
async function sizes(out: string): Promise<Record<string, number>> {
  const graphs = ['onnx/model.onnx', 'onnx/model_quantized.onnx']
  const names = ['', 'text/', 'image/'].flatMap((folder) => graphs.map((graph) => folder + graph))
  const found = await Promise.all(names.map((name) => stat(join(out, name)).catch(() => undefined)))
  return Object.fromEntries(names.flatMap((name, i) => (found[i] ? [[name, found[i].size]] : [])))
}
