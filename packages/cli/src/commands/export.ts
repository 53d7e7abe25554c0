import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { RetrievalData } from '@ms/core'
import { createEmbedder } from '@ms/embed'
import { exportOnnxDirectory } from '@ms/embed/node'
import { defineCommand } from '../command.js'
import { computeOptions, splitOption } from '../compute-options.js'
import { judgements, openRetrievalData } from '../open-data.js'
import { openSearchEmbedder } from '../open-embedder.js'
import { openEngineFor } from '../open-engine.js'
import { openModel } from '../open-model.js'
import { progressBar } from '../progress-bar.js'
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
    quantize: { type: 'string', choices: ['int8'], help: 'weights in eight bits: a quarter of the size' },
    data: { type: 'string', value: 'D', help: 'measure nDCG@10 on its judged queries before and after' },
    ...splitOption,
    ...computeOptions,
  },
  examples: [
    'ms export --model runs/mine --out models/shipped --quantize int8 --data ./my-data',
    'ms encode --model models/shipped --input corpus.jsonl --output corpus.npy',
  ],
  run: async ({ options, terminal, signal }) => {
    const split = (options.split ?? 'test') as 'test'
    const data = options.data === undefined ? undefined : await openRetrievalData(options.data)
    if (data) judgements(data, split)
    const encoder = await openModel(options.model, { terminal, signal })
    const quantize = options.quantize as 'int8' | undefined
    await exportOnnxDirectory(encoder, options.out, { quantize })
    const files = await sizes(options.out)
    for (const [name, bytes] of Object.entries(files))
      terminal.print(`${(bytes / 1e6).toFixed(1).padStart(7)} MB  ${join(options.out, name)}`)

    const progress = progressBar(terminal, 'embed')
    const measure = async (data: RetrievalData, open: () => ReturnType<typeof openSearchEmbedder>) => {
      const embedder = await open()
      try {
        const runs = await denseRuns(embedder, { data, split, signal, onProgress: ({ done, total }) => progress.update(done, total) })
        return evaluateSystem(runs, { data, split }).metrics[metric]
      } finally {
        progress.end()
        await embedder.dispose()
      }
    }
    let measured: { before: number; after: number; loss: number } | undefined
    if (data) {
      const engine = () => openEngineFor(options, terminal, signal)
      const before = await measure(data, () => createEmbedder(encoder, { normalize: encoder.similarity !== 'dot', engine }))
      const after = await measure(data, () => openSearchEmbedder(options.out, { options, terminal, signal }))
      measured = { before, after, loss: before - after }
      terminal.print(`${metric} on ${data.name}, ${split}: ${before.toFixed(4)} before, ${after.toFixed(4)} after the export`)
    }
    terminal.printJson({ out: options.out, quantize: quantize ?? null, files, ...(measured ? { metric, split, ...measured } : {}) })
    return 0
  },
})

/** Bytes of the graphs. */
async function sizes(out: string): Promise<Record<string, number>> {
  const names = ['onnx/model.onnx', 'onnx/model_quantized.onnx']
  const found = await Promise.all(names.map((name) => stat(join(out, name)).catch(() => undefined)))
  return Object.fromEntries(names.flatMap((name, i) => (found[i] ? [[name, found[i].size]] : [])))
}
