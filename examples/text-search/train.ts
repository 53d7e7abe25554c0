import { compareSystems, printComparison, progressBar, type Terminal } from '@ms/cli'
import type { Embedder } from '@ms/core'
import type { Engine } from '@ms/core/tensor'
import { saveEncoderDirectory } from '@ms/embed/node'
import {
  defaultSettings,
  examplesFromRetrieval,
  finish,
  formatEpoch,
  multipleNegativesRanking,
  retrievalEvaluator,
  train,
} from '@ms/finetune'
import { openRunDirectory } from '@ms/finetune/node'
import type { Task } from './data.js'
import { type Encoder, encoderName } from './encoder.js'

export interface TrainOptions {
  readonly encoder: Encoder
  readonly engine: Engine
  /** Folder of the run. */
  readonly out: string
  readonly seed: number
  readonly terminal: Terminal
  readonly signal: AbortSignal
}

/** Fine-tunes the encoder on the train queries, keeps the epoch that is best on dev, and saves it as a run. */
export async function trainOn({ data }: Task, { encoder, engine, out, seed, terminal, signal }: TrainOptions): Promise<Encoder> {
  const examples = examplesFromRetrieval(data)
  const loss = multipleNegativesRanking()
  const settings = { ...defaultSettings(encoder, examples), seed }
  const evaluate = retrievalEvaluator({ data, engine })
  const run = await openRunDirectory(out)
  const { epochs, batchSize, learningRate, optimizer, schedule } = settings
  const record = {
    model: encoderName,
    data: { name: data.name, documents: data.corpus.length, examples: examples.columns[0].length },
    settings: { loss: loss.name, epochs, batchSize, learningRate, optimizer: optimizer.name, schedule: schedule.name, seed },
    engine: engine.name,
    node: process.version,
  }
  const bar = progressBar(terminal, '  train')
  try {
    await run.record('running', record)
    const { parameters } = await finish(train({ encoder, examples, loss, settings, engine, evaluate, signal }), async (event) => {
      await run.append(event)
      if (event.type === 'step') bar.update(event.step, event.steps, `loss ${event.loss.toFixed(3)}`)
      if (event.type === 'epoch') terminal.print(`  ${formatEpoch(event)}`)
      if (event.type === 'end') {
        const kept =
          event.bestStep === 0 ? 'nothing was better on dev than the model as it came' : `the best on dev was step ${event.bestStep}`
        terminal.print(`  ${event.steps} steps in ${event.seconds.toFixed(1)} s; ${kept}`)
      }
    })
    const tuned = encoder.withParameters(parameters)
    await saveEncoderDirectory(tuned, run.modelPath)
    await run.record('done', record)
    return tuned
  } catch (error) {
    await run.record('failed', record)
    throw error
  } finally {
    bar.end()
    await run.close()
  }
}

/** The proof: keyword search, the model before, the model after, and both with keyword search, over queries that nothing has seen. */
export async function prove({ data }: Task, base: Embedder, tuned: Embedder, { seed, terminal, signal }: TrainOptions): Promise<void> {
  const report = await compareSystems({ data, split: 'test', base, tuned, seed, signal, onStep: (step) => terminal.redraw(`  ${step} …`) })
  terminal.redraw('')
  printComparison(report, terminal)
}
