import { MsError, seededRandom } from '@ms/core'
import type { Encoder, Prepared } from '@ms/core/tensor'
import { classBatches } from '../sampler/class-batches.js'
import { epochBatches } from '../sampler/epoch-batches.js'
import { assertFinite, diverged } from './assert-finite.js'
import { checkOptions } from './check-options.js'
import { dropoutMasks } from './dropout-masks.js'
import { openItems } from './item-source.js'
import { batchMixer } from './mix-batch.js'
import { isOutOfMemory, outOfMemory } from './out-of-memory.js'
import { type Placement, place } from './placement.js'
import { openProbe } from './probe.js'
import { restore, signatureOf } from './resume.js'
import type { Metrics, TrainEvent } from './train-event.js'
import type { TrainOptions, TrainResult } from './train-options.js'
import { examplesOf, extremesOf, itemKeys, meanCost, positivesOf } from './training-items.js'
import { allParameters, encodersWith, lossPrefix } from './training-sides.js'
import { copyOf, only, openTrainingState, type TrainingState } from './training-state.js'
import { trainingStep } from './training-step.js'

/** Batches whose shapes tell an engine which sizes vary. */
const sampledBatches = 4

/**
 * Fine-tunes an encoder, or one a column, and tells of every step. The weights with the best dev metric are kept, the untuned ones among
 * them; everything random comes from one seed; a training that was resumed makes the same losses as one that was never stopped.
 *
 * @returns (as the generator's return value, or through `finish`) the tuned encoder
 * @throws `train.no-examples`, `train.columns`, `train.nothing-trainable`, `train.settings`, `train.out-of-memory`, `train.diverged` when loss or gradients
 *   are not finite, `train.checkpoint` when the stored checkpoint is of other settings, `train.metric`; the signal's reason when aborted
 */
export async function* train<Item, P extends Prepared>(options: TrainOptions<Item, P>): AsyncGenerator<TrainEvent, TrainResult<Item, P>> {
  checkOptions(options)
  const state = await openTrainingState(options)
  try {
    return yield* run(options, state)
  } finally {
    await state.dispose()
  }
}

async function* run<Item, P extends Prepared>(
  options: TrainOptions<Item, P>,
  { whole, sides, given, trainable, following, trained, statistics, optimizer, augment }: TrainingState<Item>,
): AsyncGenerator<TrainEvent, TrainResult<Item, P>> {
  const { examples, loss, settings, engine, evaluate, metric = 'ndcg@10', signal } = options
  const { epochs, batchSize, learningRate, maxSteps = Number.POSITIVE_INFINITY, seed = 1 } = settings
  const started = performance.now()
  const seconds = () => (performance.now() - started) / 1000
  const parameters = new Map([...given, ...trained])
  const encoders = encodersWith(sides, parameters)

  // Items: made ready once, and known by a key that equal items share.
  const keys = itemKeys(examples.columns)
  const positives = positivesOf(keys, examples.kind)
  const items = await openItems({ sides, columns: examples.columns, augment, seed, signal })
  const random = seededRandom(seed)
  const { perClass = 1 } = loss
  const batchesOf = (epoch: number) => {
    const source = random.fork(`epoch-${epoch}`)
    return perClass > 1 && examples.labels
      ? classBatches(examples.labels, { batchSize, perClass, random: source })
      : epochBatches(keys, { batchSize, random: source })
  }
  const perEpoch = Array.from({ length: epochs }, (_, epoch) => batchesOf(epoch).length)
  const steps = Math.min(
    perEpoch.reduce((sum, count) => sum + count, 0),
    maxSteps,
  )

  const signature = signatureOf(options, given, steps)
  const saved = options.resume ? await options.checkpoints?.load() : undefined
  if (saved) restore(saved, signature, trained, optimizer)

  const probe = await openProbe({ sides, examples, items: options.probe, engine, signal })
  const measure = async (): Promise<Metrics | undefined> => {
    const metrics = await evaluate?.(encoders[0], { encoders, signal })
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

  const mixed = batchMixer(options)
  const stepBatch = async (epoch: number, batch: Int32Array) => {
    const { columns, mix } = await mixed(epoch, batch, await items.batch(epoch, batch))
    return { columns, lossInputs: loss.inputs?.({ ...examplesOf(batch, keys, examples), positives, mix }) ?? {} }
  }
  const ahead = await Promise.all(
    batchesOf(0)
      .slice(0, sampledBatches)
      .map((batch) => stepBatch(0, batch)),
  )
  const compute = trainingStep({
    sides,
    loss,
    parameters: only(parameters, allParameters(sides, loss).keys()),
    trainable,
    following,
    extremes: sides.map(({ columns }) => extremesOf(columns.flatMap((column) => items.samples[column]))),
    costs: items.samples.map(meanCost),
    batchSize,
    masks: dropoutMasks(settings.dropout ?? 0, seed),
    samples: () => ahead,
  })
  const placement = await place({ step: compute, engine, optimizer, clip: settings.clip, statistics, following })

  /** Measures the weights as they are, and keeps them if they are the best. */
  const judge = async (epoch: number): Promise<TrainEvent | undefined> => {
    if (evaluatedAt === step) return undefined
    evaluatedAt = step
    await placement.toHost()
    assertFinite(trained, step, learningRate)
    metrics = await measure()
    if (!metrics) return undefined
    const better = !best || metrics[metric] > best.metrics[metric]
    if (better) best = { step, metrics, parameters: copyOf(trained) }
    withoutGain = better ? 0 : withoutGain + 1
    return { type: 'evaluation', step, epoch: epoch + 1, metrics, best: better }
  }
  const checkpoint = async (epoch: number, batch: number, lossSum: number): Promise<TrainEvent> => {
    await placement.toHost()
    assertFinite(trained, step, learningRate)
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
      // The next batch is made ready while the one before it is computed: decoding has threads of its own, and varying waits for its turn.
      let upcoming = first < batches.length ? stepBatch(epoch, batches[first]) : undefined
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
        const ready = await (upcoming ?? stepBatch(epoch, batch))
        upcoming = at + 1 < batches.length ? stepBatch(epoch, batches[at + 1]) : undefined
        upcoming?.catch(() => undefined)
        const rate = learningRate * settings.schedule.factor(step, steps)
        const { loss: value, gradientNorm: norm } = await placement
          .step(ready, { step, learningRate: rate })
          .catch(async (cause: unknown) => {
            // Weights and state are as they were before the step; but where an engine kept them, they may have gone with it.
            const kept = options.checkpoints !== undefined && (await reached(placement))
            if (kept) await checkpoint(epoch, at, lossSum)
            if (!isOutOfMemory(cause)) throw cause
            throw outOfMemory(cause, { step: step + 1, columns: ready.columns, kept })
          })
        if (!Number.isFinite(value) || !Number.isFinite(norm)) throw diverged(step + 1, value, rate)
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
        lossDiff: await probe.moved(encoders),
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
    placement.dispose()
  }

  const kept = new Map([...given, ...(best?.parameters ?? copyOf(trained))])
  assertFinite(kept, step, learningRate)
  const results = encodersWith(whole, kept)
  const tunedSides = encodersWith(sides, kept)
  yield {
    type: 'end',
    steps: step,
    reason,
    bestStep: best?.step ?? step,
    ...(best ? { metrics: best.metrics } : {}),
    lossDiff: await probe.moved(tunedSides),
    seconds: seconds(),
  }
  // An encoder that was given alone has its own kind of prepared items; of several nothing is known but that they are `Prepared`.
  const encoder = results[0] as Encoder<Item, P>
  const own = [...(loss.parameters ?? new Map()).keys()]
  return {
    encoder,
    parameters: encoder.parameters,
    encoders: results,
    lossParameters: new Map(own.map((name) => [name, kept.get(lossPrefix + name)!])),
  }
}

/** Whether weights and state are in host memory now. */
const reached = (placement: Placement): Promise<boolean> =>
  placement.toHost().then(
    () => true,
    () => false,
  )

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
