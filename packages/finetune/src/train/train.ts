import { type Examples, MsError, type Role, seededRandom, type Vectors } from '@ms/core'
import type { Encoder, Engine, HostTensor, Loss, Parameters, Prepared } from '@ms/core/tensor'
import { createEmbedder } from '@ms/embed'
import { clipScale, globalNorm } from '../optimizers/clip-gradients.js'
import { namePattern } from '../optimizers/name-pattern.js'
import { createOptimizer, type ParameterGroup } from '../optimizers/optimizer.js'
import type { OptimizerRule } from '../optimizers/optimizer-rule.js'
import { epochBatches } from '../sampler/epoch-batches.js'
import type { Schedule } from '../schedules/schedule.js'
import type { Checkpoint, CheckpointStore } from './checkpoint.js'
import { drift } from './drift.js'
import type { Evaluator } from './retrieval-evaluator.js'
import type { Metrics, TrainEvent } from './train-event.js'
import { trainingStep } from './training-step.js'

/** How to train. Everything that decides the result, besides model and examples. */
export interface TrainSettings {
  readonly epochs: number
  readonly batchSize: number
  /** Peak of the schedule. */
  readonly learningRate: number
  readonly optimizer: OptimizerRule
  readonly schedule: Schedule
  /** Weights with settings of their own. Default: none. */
  readonly groups?: readonly ParameterGroup[]
  /** Gradients of a larger global norm are scaled down to it. Default: no clipping. */
  readonly clip?: number
  /** Stops after so many steps. Default: none. */
  readonly maxSteps?: number
  /** Patterns of weights that are not trained: `embeddings.*`. See `namePattern`. Default: none. */
  readonly freeze?: readonly string[]
  /** Default: 1. */
  readonly seed?: number
}

export interface TrainOptions<Item, P extends Prepared> {
  /** Encodes every column. It is not changed: the result is another encoder. */
  encoder: Encoder<Item, P>
  examples: Examples<Item>
  loss: Loss
  settings: TrainSettings
  engine: Engine
  /** Measures on dev data: before training, after each epoch, and each `evaluateSteps`. Default: not at all. */
  evaluate?: Evaluator<Item>
  /** Which of its metrics decides what is best; higher is better. Default: `ndcg@10`. */
  metric?: string
  evaluateSteps?: number
  /** Ends after so many evaluations without a better one. Default: never. */
  earlyStop?: number
  /** Items whose movement is the loss diff. Default: the first 256 different items of the last column. */
  probe?: readonly Item[]
  /** Keeps the state at each epoch's end, each `checkpointSteps`, and when it is aborted. Default: nowhere. */
  checkpoints?: CheckpointStore
  checkpointSteps?: number
  /** Goes on from the stored checkpoint, where there is one. Default: false. */
  resume?: boolean
  signal?: AbortSignal
}

export interface TrainResult<Item, P extends Prepared> {
  /** With the best weights on the dev data (the untuned ones, if nothing was better); without dev data, with the last. */
  readonly encoder: Encoder<Item, P>
  readonly parameters: Parameters
}

const roleOf = (column: number): Role => (column === 0 ? 'query' : 'document')
const probeItems = 256
const copyOf = (parameters: Parameters) =>
  new Map([...parameters].map(([name, { shape, data }]): [string, HostTensor<Float32Array>] => [name, { shape, data: data.slice() }]))

/**
 * Fine-tunes an encoder, and tells of every step. The weights with the best dev metric are kept, the untuned ones among them; everything
 * random comes from one seed; a training that was resumed makes the same losses as one that was never stopped.
 *
 * @returns (as the generator's return value, or through `finish`) the tuned encoder
 * @throws `train.no-examples`, `train.columns`, `train.nothing-trainable`, `train.settings`, `train.diverged` when loss or gradients
 *   are not finite, `train.checkpoint` when the stored checkpoint is of other settings, `train.metric`; the signal's reason when aborted
 */
export async function* train<Item, P extends Prepared>(options: TrainOptions<Item, P>): AsyncGenerator<TrainEvent, TrainResult<Item, P>> {
  const { examples, loss, settings, engine, evaluate, metric = 'ndcg@10', signal } = options
  const { epochs, batchSize, learningRate, maxSteps = Number.POSITIVE_INFINITY, seed = 1 } = settings
  check(options)
  const started = performance.now()
  const seconds = () => (performance.now() - started) / 1000

  // Weights: ours from here on. The optimiser changes them in place; the engine reads them at each step.
  const parameters = copyOf(new Map([...options.encoder.parameters, ...(loss.parameters ?? [])]))
  const encoder = options.encoder.withParameters(only(parameters, options.encoder.parameters))
  const trainable = trainableNames(parameters, settings.freeze ?? [])
  const trained = new Map(trainable.map((name) => [name, parameters.get(name)!]))
  const optimizer = createOptimizer(settings.optimizer, { parameters: trained, groups: settings.groups })

  // Items: made ready once, and known by a key that equal items share.
  const keys = itemKeys(examples.columns)
  const prepared = await prepareColumns(encoder, examples.columns, signal)
  const random = seededRandom(seed)
  const batchesOf = (epoch: number) => epochBatches(keys, { batchSize, random: random.fork(`epoch-${epoch}`) })
  const perEpoch = Array.from({ length: epochs }, (_, epoch) => batchesOf(epoch).length)
  const steps = Math.min(
    perEpoch.reduce((sum, count) => sum + count, 0),
    maxSteps,
  )

  const signature = signatureOf(options, steps)
  const saved = options.resume ? await options.checkpoints?.load() : undefined
  if (saved) restore(saved, signature, trained, optimizer)

  const probe = options.probe ?? [...new Set(examples.columns[examples.columns.length - 1])].slice(0, probeItems)
  const embedProbe = async (model: Encoder<Item, P>): Promise<Vectors> => {
    const embedder = await createEmbedder(model, { engine })
    try {
      return await embedder.embed(probe, { signal })
    } finally {
      await embedder.dispose()
    }
  }
  const probeBefore = await embedProbe(options.encoder)
  const measure = async (): Promise<Metrics | undefined> => {
    const metrics = await evaluate?.(encoder, { signal })
    if (metrics && !Number.isFinite(metrics[metric])) {
      throw new MsError('train.metric', `the evaluation has no ${metric}`, {
        advice: `It has: ${Object.keys(metrics).join(', ')}.`,
        kind: 'failure',
      })
    }
    return metrics
  }

  const initialMetrics = saved ? saved.initialMetrics : await measure()
  let best = saved?.best ?? (initialMetrics ? { step: 0, metrics: initialMetrics, parameters: copyOf(trained) } : undefined)
  let withoutGain = saved?.withoutGain ?? 0
  let step = saved?.step ?? 0
  let metrics = best?.metrics
  let evaluatedAt = -1
  let reason: 'done' | 'early-stop' | 'max-steps' = 'done'
  yield {
    type: 'start',
    examples: keys[0].length,
    epochs,
    steps,
    batchSize,
    trainable: trainable.length,
    resumedAt: step,
    ...(initialMetrics ? { metrics: initialMetrics } : {}),
  }

  const compiled = await trainingStep({ encoder, loss, engine, parameters, trainable }, examples.columns.length)

  /** Measures the weights as they are, and keeps them if they are the best. */
  const judge = async (epoch: number): Promise<TrainEvent | undefined> => {
    if (evaluatedAt === step) return undefined
    evaluatedAt = step
    metrics = await measure()
    if (!metrics) return undefined
    const better = !best || metrics[metric] > best.metrics[metric]
    if (better) best = { step, metrics, parameters: copyOf(trained) }
    withoutGain = better ? 0 : withoutGain + 1
    return { type: 'evaluation', step, epoch: epoch + 1, metrics, best: better }
  }
  const checkpoint = async (epoch: number, batch: number, lossSum: number): Promise<TrainEvent> => {
    const state = { steps: optimizer.steps, state: optimizer.state() }
    await options.checkpoints?.save({
      signature,
      step,
      epoch,
      batch,
      lossSum,
      parameters: trained,
      optimizer: state,
      initialMetrics,
      best,
      withoutGain,
    })
    return { type: 'checkpoint', step, epoch: epoch + 1 }
  }

  try {
    training: for (let epoch = saved?.epoch ?? 0; epoch < epochs; epoch++) {
      const epochStarted = performance.now()
      const batches = batchesOf(epoch)
      const first = epoch === saved?.epoch ? saved.batch : 0
      let lossSum = first > 0 ? (saved?.lossSum ?? 0) : 0
      for (let at = first; at < batches.length; at++) {
        if (step >= steps) {
          reason = 'max-steps'
          break training
        }
        if (signal?.aborted) {
          if (options.checkpoints) yield await checkpoint(epoch, at, lossSum)
          signal.throwIfAborted()
        }
        const stepStarted = performance.now()
        const batch = batches[at]
        const rate = learningRate * settings.schedule.factor(step, steps)
        const { loss: value, gradients } = await compiled.run({
          columns: prepared.map((column) => Array.from(batch, (example) => column[example])),
          lossInputs: loss.inputs?.(examplesOf(batch, keys, examples)) ?? {},
        })
        const norm = globalNorm(gradients)
        if (!Number.isFinite(value) || !Number.isFinite(norm)) throw diverged(step + 1, value, rate)
        optimizer.step(gradients, { learningRate: rate, gradientScale: settings.clip === undefined ? 1 : clipScale(norm, settings.clip) })
        step++
        lossSum += value
        const took = (performance.now() - stepStarted) / 1000
        yield {
          type: 'step',
          step,
          steps,
          epoch: epoch + 1,
          loss: value,
          learningRate: rate,
          gradientNorm: norm,
          examplesPerSecond: batch.length / took,
        }
        if (options.evaluateSteps && step % options.evaluateSteps === 0) {
          const event = await judge(epoch)
          if (event) yield event
        }
        if (options.checkpoints && options.checkpointSteps && step % options.checkpointSteps === 0)
          yield await checkpoint(epoch, at + 1, lossSum)
      }
      const event = await judge(epoch)
      if (event) yield event
      yield {
        type: 'epoch',
        epoch: epoch + 1,
        epochs,
        step,
        loss: lossSum / batches.length,
        lossDiff: drift(probeBefore, await embedProbe(encoder)),
        ...(metrics ? { metrics } : {}),
        seconds: (performance.now() - epochStarted) / 1000,
      }
      if (options.checkpoints) yield await checkpoint(epoch + 1, 0, 0)
      if (options.earlyStop && withoutGain >= options.earlyStop) {
        reason = 'early-stop'
        break
      }
    }
    if (reason === 'max-steps') {
      const event = await judge(epochs - 1)
      if (event) yield event
    }
  } finally {
    compiled.dispose()
  }

  if (best) for (const [name, { data }] of best.parameters) trained.get(name)?.data.set(data)
  for (const [name, { data }] of trained) if (!data.every(Number.isFinite)) throw diverged(step, Number.NaN, learningRate, name)
  yield {
    type: 'end',
    steps: step,
    reason,
    bestStep: best?.step ?? step,
    ...(best ? { metrics: best.metrics } : {}),
    lossDiff: drift(probeBefore, await embedProbe(encoder)),
    seconds: seconds(),
  }
  return { encoder, parameters }
}

/** Runs a training to its end. */
export async function finish<Item, P extends Prepared>(
  training: AsyncGenerator<TrainEvent, TrainResult<Item, P>>,
  onEvent?: (event: TrainEvent) => void | Promise<void>,
): Promise<TrainResult<Item, P>> {
  for (;;) {
    const { done, value } = await training.next()
    if (done) return value
    await onEvent?.(value)
  }
}

function check<Item, P extends Prepared>({ examples, loss, settings }: TrainOptions<Item, P>): void {
  const [first, ...others] = examples.columns
  if (!first || first.length === 0) {
    throw new MsError('train.no-examples', 'there is not one training example', { advice: 'Give pairs, or a data set with a train split.' })
  }
  if (first.length === 1 && loss.columns !== 'labelled' && loss.columns !== 'scored-pair') {
    throw new MsError('train.no-examples', 'one training example has nothing to be told apart from', { advice: 'Give at least two.' })
  }
  if (others.some((column) => column.length !== first.length)) throw new MsError('train.columns', 'the columns are not of one length')
  const fits = loss.columns === examples.kind || (loss.columns === 'pair' && examples.kind === 'triplet')
  if (!fits) throw new MsError('train.columns', `${loss.name} needs ${loss.columns} examples, and these are ${examples.kind}`)
  const positive = {
    epochs: settings.epochs,
    batchSize: settings.batchSize,
    ...(settings.maxSteps === undefined ? {} : { maxSteps: settings.maxSteps }),
  }
  for (const [name, value] of Object.entries(positive)) {
    if (!Number.isSafeInteger(value) || value < 1)
      throw new MsError('train.settings', `${name} is ${value}`, { where: name, advice: 'Give a whole number of at least 1.' })
  }
  if (!(settings.learningRate >= 0 && Number.isFinite(settings.learningRate))) {
    throw new MsError('train.settings', `the learning rate is ${settings.learningRate}`, { where: 'learningRate' })
  }
}

const only = (parameters: Parameters, names: Parameters): Parameters =>
  new Map([...names.keys()].map((name) => [name, parameters.get(name)!]))

function trainableNames(parameters: Parameters, freeze: readonly string[]): string[] {
  const frozen = freeze.map((pattern) => ({ pattern, matches: namePattern(pattern) }))
  const idle = frozen.find(({ matches }) => ![...parameters.keys()].some(matches))
  if (idle)
    throw new MsError('train.settings', `no weight is named like "${idle.pattern}"`, {
      where: 'freeze',
      advice: `Names are like ${[...parameters.keys()][0]}.`,
    })
  const names = [...parameters.keys()].filter((name) => !frozen.some(({ matches }) => matches(name)))
  if (names.length === 0) throw new MsError('train.nothing-trainable', 'every weight is frozen', { where: 'freeze' })
  return names
}

/** Equal items have equal keys: texts by their content, other items by identity. */
function itemKeys<Item>(columns: readonly (readonly Item[])[]): string[][] {
  const numbers = new Map<Item, string>()
  return columns.map((column) =>
    column.map((item) => {
      const known = numbers.get(item) ?? String(numbers.size)
      numbers.set(item, known)
      return known
    }),
  )
}

async function prepareColumns<Item, P extends Prepared>(
  encoder: Encoder<Item, P>,
  columns: readonly (readonly Item[])[],
  signal?: AbortSignal,
): Promise<P[][]> {
  const ready: Record<Role, Map<Item, P>> = { query: new Map(), document: new Map() }
  const slice = 1024
  for (const [column, items] of columns.entries()) {
    const known = ready[roleOf(column)]
    const fresh = [...new Set(items)].filter((item) => !known.has(item))
    for (let start = 0; start < fresh.length; start += slice) {
      signal?.throwIfAborted()
      const part = fresh.slice(start, start + slice)
      for (const [i, each] of (await encoder.processor.prepare(part, roleOf(column))).entries()) known.set(part[i], each)
    }
  }
  return columns.map((items, column) => items.map((item) => ready[roleOf(column)].get(item)!))
}

function examplesOf<Item>(batch: Int32Array, keys: readonly (readonly string[])[], { scores, labels }: Examples<Item>) {
  const pick = <T>(all: readonly T[]) => Array.from(batch, (example) => all[example])
  return { keys: keys.map(pick), ...(scores ? { scores: pick(scores) } : {}), ...(labels ? { labels: pick(labels) } : {}) }
}

/** What must be the same for a checkpoint to fit: settings, sizes and names, not the examples' text. */
function signatureOf<Item, P extends Prepared>({ settings, loss, examples, encoder }: TrainOptions<Item, P>, steps: number): string {
  const { optimizer, schedule, ...plain } = settings
  return JSON.stringify({
    ...plain,
    optimizer: [optimizer.name, optimizer.settings],
    schedule: [schedule.name, schedule.settings],
    loss: loss.name,
    examples: [examples.kind, examples.columns.length, examples.columns[0].length],
    weights: [...encoder.parameters].map(([name, { shape }]) => `${name}:${shape}`),
    steps,
  })
}

function restore(
  saved: Checkpoint,
  signature: string,
  trained: Parameters,
  optimizer: { restore(steps: number, state: Parameters): void },
): void {
  if (saved.signature !== signature) {
    throw new MsError('train.checkpoint', 'the stored checkpoint was made with other settings, data or another model', {
      advice: 'Resume with the same ones, or start anew in another folder.',
    })
  }
  for (const [name, { data }] of trained) {
    const values = saved.parameters.get(name)
    if (values?.data.length !== data.length)
      throw new MsError('train.checkpoint', `the checkpoint has no ${name} of this size`, { where: name })
    data.set(values.data)
  }
  optimizer.restore(saved.optimizer.steps, saved.optimizer.state)
}

function diverged(step: number, loss: number, rate: number, name?: string): MsError {
  return new MsError(
    'train.diverged',
    name ? `the weight ${name} is not finite any more` : `at step ${step} the loss is ${loss} or a gradient is not finite`,
    {
      advice: `Lower the learning rate (it was ${rate}), or clip gradients (clip: 1).`,
      kind: 'failure',
      details: { step, loss, learningRate: rate },
    },
  )
}
