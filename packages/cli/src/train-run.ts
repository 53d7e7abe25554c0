import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { type Examples, type ImageSource, MsError, type RetrievalData } from '@ms/core'
import type { Encoder, Engine, Prepared } from '@ms/core/tensor'
import type { LoadedModel } from '@ms/embed'
import { saveModelDirectory } from '@ms/embed/node'
import { finish, type MetricName, retrievalEvaluator, type TrainEvent, type TrainOptions, train } from '@ms/finetune'
import { openRunDirectory } from '@ms/finetune/node'
import type { HeadedModel } from './closed-form-head.js'
import { columnEncoders } from './column-encoders.js'
import { headRun } from './head-run.js'

type Training = TrainOptions<ImageSource, Prepared>

export interface TrainRunOptions
  extends Pick<Training, 'loss' | 'settings' | 'augment' | 'mix' | 'features' | 'earlyStop' | 'evaluateSteps' | 'checkpointSteps'> {
  /** Its encoder of texts, or of pictures, or both are trained, as the examples' columns ask. */
  readonly tuned: LoadedModel
  /** What is done with the tuned model before it is saved: a head in closed form. */
  readonly finish?: (model: LoadedModel, metrics: readonly MetricName[]) => Promise<HeadedModel>
  /** Nothing is trained: `finish` alone makes the model, in one pass over the examples. Default: false. */
  readonly onlyHead?: boolean
  /** How the model is called in run.json. */
  readonly model: string
  readonly examples: Examples
  /** Has a dev split where the best weights are to be kept. */
  readonly dev?: RetrievalData
  /** The run's folder. */
  readonly out: string
  readonly engine: Engine
  readonly resume?: boolean
  readonly signal?: AbortSignal
  readonly onEvent?: (event: TrainEvent) => void
}

export interface TrainedRun {
  readonly tuned: LoadedModel
  readonly end: Extract<TrainEvent, { type: 'end' }>
  readonly modelPath: string
  /** What dev said of heads, where one was asked for. */
  readonly head?: HeadedModel['chosen']
}

const metrics = ['ndcg@10', 'mrr@10', 'recall@10'] as const satisfies readonly MetricName[]

/** Trains into a run's folder: run.json, events.jsonl, checkpoints/, and at the end model/, a sentence-transformers directory, and report.html. */
export async function trainRun(options: TrainRunOptions): Promise<TrainedRun> {
  const { examples, dev, engine, loss, settings, resume } = options
  const encoder = columnEncoders(options.tuned, examples)
  // One encoder encodes all columns; its modality is that of the first.
  const modalities = examples.modalities ?? ['text']
  const run = await openRunDirectory(options.out, { resume })
  const { optimizer, schedule, groups, ...plain } = settings
  const record = {
    model: options.model,
    engine: engine.name,
    ...(options.onlyHead
      ? { head: 'only' }
      : {
          loss: loss.name,
          settings: {
            ...plain,
            optimizer: { name: optimizer.name, ...optimizer.settings },
            schedule: { name: schedule.name, ...schedule.settings },
            ...(groups ? { groups } : {}),
          },
        }),
    examples: { kind: examples.kind, count: examples.columns[0].length, sha256: fingerprint(examples) },
    ...(dev ? { dev: { name: dev.name, queries: dev.qrels.get('dev')?.size ?? 0 } } : {}),
    versions: { node: process.version, ms: version() },
  }
  let end: TrainedRun['end'] | undefined
  try {
    await run.record('running', record)
    const evaluate = dev?.qrels.has('dev')
      ? retrievalEvaluator<ImageSource>({ data: dev, engine, metrics, modalities: different(modalities) })
      : undefined
    const onEvent = async (event: TrainEvent) => {
      await run.append(event)
      if (event.type === 'end') end = event
      options.onEvent?.(event)
    }
    const trained = options.onlyHead
      ? options.tuned
      : withTrained(
          options.tuned,
          different(modalities),
          (await finish(train({ ...options, encoder, evaluate, checkpoints: run.checkpoints }), onEvent)).encoders,
        )
    const head = async () => (await options.finish?.(trained, metrics)) ?? { model: trained }
    const { model: tuned, chosen } = options.onlyHead ? await headRun({ head, examples, onEvent }) : await head()
    await saveModelDirectory(tuned, run.modelPath)
    await run.report({
      title: `${options.model} fine-tuned`,
      facts: {
        examples: examples.columns[0].length,
        ...(dev ? { data: dev.name } : {}),
        ...(options.onlyHead
          ? {
              head: chosen && chosen.shrinkage === undefined ? 'none: dev was worse with each' : 'in closed form, nothing else was changed',
            }
          : {
              loss: loss.name,
              epochs: settings.epochs,
              'batch size': settings.batchSize,
              'learning rate': settings.learningRate,
              optimizer: optimizer.name,
              schedule: schedule.name,
            }),
        seed: settings.seed ?? 1,
        engine: engine.name,
        node: process.version,
      },
    })
    await run.record('done', { ...record, result: end, ...(chosen ? { chosenHead: chosen } : {}) })
    return { tuned, end: end!, modelPath: run.modelPath, head: chosen }
  } catch (error) {
    await run.record('failed', record).catch(() => undefined)
    throw inRun(error, options.out)
  } finally {
    await run.close()
  }
}

const different = <T>(all: readonly T[]): T[] => [...new Set(all)]

/** The model with what was trained of it, by the names of the weights. */
function withTrained(model: LoadedModel, modalities: readonly ('text' | 'image')[], trained: readonly Encoder<ImageSource>[]): LoadedModel {
  const of = (modality: 'text' | 'image') => trained[modalities.indexOf(modality)]?.parameters
  const [text, image] = [of('text'), of('image')]
  return {
    ...(model.text ? { text: text ? model.text.withParameters(text) : model.text } : {}),
    ...(model.image ? { image: image ? model.image.withParameters(image) : model.image } : {}),
  }
}

/** An error that names no place is told with the run's folder. */
function inRun(error: unknown, where: string): unknown {
  if (!MsError.isInstance(error) || error.where !== undefined) return error
  const { code, message, advice, kind, cause, details } = error
  return new MsError(code, message, { where, advice, kind, cause, details })
}

/** Changes with any text of the examples. */
function fingerprint(examples: Examples): string {
  const hash = createHash('sha256')
  for (const column of examples.columns) for (const item of column) hash.update(item).update('\0')
  return hash.digest('hex')
}

function version(): string {
  const manifest: { version: string } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  return manifest.version
}
