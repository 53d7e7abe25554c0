import { join, relative } from 'node:path'
import {
  type ComparisonReport,
  compareSystems,
  comparisonPage,
  noteMissingFont,
  printComparison,
  progressBar,
  type Terminal,
} from '@ms/cli'
import { type ImageSource, type Modality, MsError } from '@ms/core'
import { writeFileAtomic } from '@ms/core/node'
import type { Encoder as AnyEncoder, Engine, Parameters, Prepared } from '@ms/core/tensor'
import type { LoadedModel, ModelEmbedders, VectorCache } from '@ms/embed'
import { saveModelDirectory } from '@ms/embed/node'
import { examplesFromRetrieval, finish, formatEpoch, retrievalEvaluator, train } from '@ms/finetune'
import { openRunDirectory, readRunEvents } from '@ms/finetune/node'
import type { Task } from './data.js'
import { type Encoder, encoderName, recipe } from './encoder.js'

export interface TrainOptions {
  readonly encoder: Encoder
  readonly engine: Engine
  /** Keeps vectors from one measurement to the next. */
  readonly cache: VectorCache
  /** Folder of the run. */
  readonly out: string
  readonly seed: number
  readonly terminal: Terminal
  readonly signal: AbortSignal
}

/** A model before and after. */
export interface Tuned {
  /** What the tuned model is compared with. */
  readonly base: LoadedModel
  readonly tuned: LoadedModel
}

/** Fine-tunes the encoder on the train queries, keeps the epoch that is best on dev, and saves it as a run. */
export async function trainOn(
  { data, modalities }: Task,
  { encoder, engine, cache, out, seed, terminal, signal }: TrainOptions,
): Promise<Tuned> {
  // What is asked in words is found by the words that stand with a picture, too.
  const examples = examplesFromRetrieval(data, 'train', modalities, { words: modalities[0] === 'text' })
  const { start, loss, settings, augment, finish: complete } = await recipe(encoder, { examples, engine, seed, signal })
  const kinds = [...new Set(modalities)]
  const encoders = (examples.modalities ?? modalities).map((kind) => encoderOf(start, kind))
  const evaluate = retrievalEvaluator<ImageSource>({ data, engine, modalities: kinds, cache })
  const onDev = async (model: LoadedModel) => {
    const all = kinds.map((kind) => encoderOf(model, kind))
    return (await evaluate(all[0], { encoders: all, signal }))['ndcg@10']
  }
  const isBetter = async (one: LoadedModel, other: LoadedModel) => (await onDev(one)) > (await onDev(other))
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
    const training = train<ImageSource, Prepared>({ encoder: encoders, examples, loss, settings, engine, evaluate, augment, signal })
    const { encoders: trained } = await finish(training, async (event) => {
      await run.append(event)
      if (event.type === 'step') bar.update(event.step, event.steps, `loss ${event.loss.toFixed(3)}`)
      if (event.type === 'epoch') terminal.print(`  ${formatEpoch(event)}`)
      if (event.type === 'end') {
        const kept =
          event.bestStep === 0 ? 'nothing was better on dev than the model as it came' : `the best on dev was step ${event.bestStep}`
        terminal.print(`  ${event.steps} steps in ${event.seconds.toFixed(1)} s; ${kept}`)
      }
    })
    const weights = Object.fromEntries(kinds.map((kind, i) => [kind, trained[i].parameters]))
    const trainedModel = withWeights(start, weights)
    const headed = await complete?.(weights)
    const tuned = headed && (await isBetter(headed, trainedModel)) ? headed : trainedModel
    if (headed && tuned !== headed) terminal.print('  the head was no better on dev, and is left out')
    await saveModelDirectory(tuned, run.modelPath)
    await run.record('done', record)
    return { base: start, tuned }
  } catch (error) {
    await run.record('failed', record)
    throw error
  } finally {
    bar.end()
    await run.close()
  }
}

function encoderOf(model: LoadedModel, kind: Modality): AnyEncoder<ImageSource> {
  const encoder: AnyEncoder<ImageSource> | undefined = model[kind]
  if (encoder) return encoder
  throw new MsError('encoder.modality', `${encoderName} has no encoder of this kind: ${kind}`, { where: 'encoder.ts' })
}

function withWeights({ text, image }: LoadedModel, trained: Readonly<Partial<Record<Modality, Parameters>>>): LoadedModel {
  return {
    ...(text ? { text: text.withParameters(trained.text ?? text.parameters) } : {}),
    ...(image ? { image: image.withParameters(trained.image ?? image.parameters) } : {}),
  }
}

/**
 * The proof: keyword search, the model before, the model after, and both with keyword search, over queries that nothing has seen. Leaves
 * report.html in the folder of the run, and whatever else the task has to show.
 * @returns what was measured of the task's own data
 */
export async function prove(task: Task, base: ModelEmbedders, tuned: ModelEmbedders, options: TrainOptions): Promise<ComparisonReport> {
  const { out, seed, terminal, signal } = options
  const reports: ComparisonReport[] = []
  for (const data of [task.data, ...(task.also ?? [])]) {
    const onStep = (step: string) => terminal.redraw(`  ${step} …`)
    const report = await compareSystems({ data, split: 'test', base, tuned, seed, signal, onStep })
    reports.push(report)
    terminal.redraw('')
    printComparison(report, terminal)
    const own = data === task.data
    const file = own ? 'report.html' : `${data.name}.html`
    const about = own ? task.about : undefined
    const events = own ? await readRunEvents(out) : []
    await writeFileAtomic(join(out, file), await comparisonPage(report, data, { title: `${encoderName}: ${data.name}`, about, events }))
    const shown = (await task.exhibit?.(report, data, out)) ?? []
    for (const name of [file, ...shown]) terminal.print(`  ${relative(process.cwd(), join(out, name))}`)
    terminal.print()
  }
  const asked = [task.data, ...(task.also ?? [])].flatMap(({ queries }) => [...queries.values()].map(({ text = '' }) => text))
  await noteMissingFont(asked, terminal)
  return reports[0]
}
