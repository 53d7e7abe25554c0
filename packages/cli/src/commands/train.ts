import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { PreparedPicture } from '@ms/backbones'
import {
  type Data,
  type Examples,
  holdOutDev,
  type ImageSource,
  labelNotices,
  type Modality,
  MsError,
  type RetrievalData,
  retrievalFromExamples,
} from '@ms/core'
import type { Prepared } from '@ms/core/tensor'
import type { LoadedModel, PoolingMode } from '@ms/embed'
import { type Augmentation, examplesFromRetrieval, type Mix, mixup, standardPictureAugment, standardTextAugment } from '@ms/finetune'
import { featureDirectory, isUnfinishedRun } from '@ms/finetune/node'
import { noteHead, withHead } from '../closed-form-head.js'
import { columnEncoders } from '../column-encoders.js'
import { defineCommand } from '../command.js'
import { computeOptions, pluginOption, seedOption, strictOption } from '../compute-options.js'
import { folderNotices } from '../folder-notices.js'
import { joinModels } from '../join-models.js'
import { modalitiesOf, modelFor } from '../model-for-data.js'
import { openData, openRetrievalData } from '../open-data.js'
import { openEngineFor } from '../open-engine.js'
import { openAnyModel } from '../open-model.js'
import { wrongUse } from '../option-values.js'
import { trainingPrinter } from '../print-training.js'
import { readableData } from '../readable-data.js'
import { trainRun } from '../train-run.js'
import { trainingOptions, trainingSettings } from '../training-settings.js'

/** Examples to train on, and judged dev queries to choose by. Triplets and scored pairs train as they are. */
async function trainingData(data: Data, model: LoadedModel): Promise<{ examples: Examples; dev?: RetrievalData }> {
  if (data.kind === 'retrieval') {
    const split = await holdOutDev(data)
    const takes = (items: Iterable<{ readonly image?: string }>): Modality =>
      model.image && [...items].some(({ image }) => image !== undefined) ? 'image' : 'text'
    const asked = takes(data.queries.values())
    // Search finds a picture by the words that stand with it, too.
    const words = model.text !== undefined && asked === 'text'
    const examples = examplesFromRetrieval(split, 'train', [asked, takes(data.corpus)], { words })
    return { examples, dev: split.qrels.has('dev') ? split : undefined }
  }
  if (data.kind === 'labelled') return labelledData(data)
  if (data.kind !== 'pair') return { examples: data }
  const split = await retrievalFromExamples(data, { name: data.name })
  const [ofAnchors = 'text', ofPositives = 'text'] = data.modalities ?? []
  return split.qrels.has('train') && split.qrels.has('dev')
    ? { examples: examplesFromRetrieval(split, 'train', [ofAnchors, ofPositives]), dev: split }
    : { examples: data }
}

/** Of labelled items, those that neither dev nor test asks for are trained on. */
async function labelledData(data: Examples & { readonly name: string }): Promise<{ examples: Examples; dev?: RetrievalData }> {
  const split = await retrievalFromExamples(data, { name: data.name })
  const asked = new Set(['dev', 'test'].flatMap((name) => [...(split.qrels.get(name as 'dev')?.keys() ?? [])]))
  const kept = split.corpus.flatMap(({ id }, i) => (asked.has(id) ? [] : [i]))
  if (!split.qrels.has('dev') || kept.length === 0) return { examples: data }
  const pick = <T>(all: readonly T[]) => kept.map((i) => all[i])
  return { examples: { ...data, columns: data.columns.map(pick), labels: pick(data.labels ?? []) }, dev: split }
}

/** What is held out of the data, and what is suspicious about that. */
function splitNotes(data: Data, examples: Examples, dev: RetrievalData | undefined): string[] {
  if (data.kind !== 'retrieval') {
    const [rows, kept] = [data.columns[0].length, examples.columns[0].length]
    return dev && kept < rows
      ? [`${kept} of ${rows} rows are trained on; the others are held out, to choose by (dev) and for ms eval (test)`]
      : []
  }
  const train = data.qrels.get('train')
  const judged = [...(data.qrels.get('dev') ?? [])]
  const shared = judged.filter(([query, grades]) => [...grades.keys()].some((id) => train?.get(query)?.has(id))).length
  return shared === 0
    ? []
    : [
        `note[data.dev-in-train]: ${shared} of ${judged.length} dev queries are trained on too, with a document that is right for them: dev says too much good of the model`,
      ]
}

export const trainCommand = defineCommand({
  name: 'train',
  summary: 'Fine-tune a model on your data',
  usage: '--data D --out RUN [--model M]',
  options: {
    model: {
      type: 'string',
      value: 'M',
      help: 'what to begin with: a preset, hub id, folder or finished run (default: ms-mini-text, of pictures ms-mini-image)',
    },
    'image-model': {
      type: 'string',
      value: 'M2',
      help: 'words find pictures: a model of pictures that is brought into one space with --model, by a projection behind each',
    },
    dim: { type: 'integer', min: 1, max: 65_536, value: 'N', help: 'with --image-model: dimensions of that space (default: 256)' },
    full: { type: 'boolean', help: 'with --image-model: train both networks too, not the projections alone' },
    data: {
      type: 'string',
      value: 'D',
      help: 'a BEIR folder, a .jsonl, .csv or .tsv of examples, or a folder of pictures for each class',
      required: true,
    },
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
    head: {
      type: 'string',
      choices: ['lda'],
      help: 'lda: a linear head in closed form behind the model, in place of training, or after it where --epochs is given',
    },
    shrinkage: {
      type: 'number',
      min: 1e-6,
      value: 'X',
      help: 'with --head lda: its shrinkage (default: the best on dev of 0.1 … 10, else 0.3)',
    },
    augment: { type: 'string', choices: ['standard'], help: 'vary items at each step: crops and colours of pictures, words of texts' },
    mixup: { type: 'number', min: 0, value: 'X', help: 'mix pictures of a batch by shares of Beta(X, X): 0.2 mixes little, 1 much' },
    pooling: {
      type: 'string',
      choices: ['mean', 'max', 'mean+max', 'cls', 'gem'],
      help: 'of a bare network of pictures (default: mean; cls for ViT)',
    },
    'max-length': {
      type: 'integer',
      min: 1,
      max: 1_000_000,
      value: 'N',
      help: 'most tokens of a text; saved with the model (default: its own)',
    },
    'input-size': { type: 'integer', min: 8, max: 4096, value: 'N', help: 'pixels that a network of pictures sees (default: its own)' },
    features: { type: 'string', value: 'DIR', help: 'keep there what frozen weights make of pictures, for the next training' },
    'early-stop': { type: 'integer', min: 1, help: 'end after N epochs without a better dev score' },
    resume: { type: 'boolean', help: 'go on from the last checkpoint in RUN' },
    overwrite: { type: 'boolean', help: 'begin anew where a training was stopped in RUN' },
    format: { type: 'string', choices: ['beir', 'examples'], help: 'format of the data (default: told by its files)' },
    ...strictOption,
    ...pluginOption,
    ...seedOption,
    ...computeOptions,
  },
  examples: [
    'ms train --data ./my-data --out runs/mine',
    'ms train --model all-MiniLM-L6-v2 --data pairs.jsonl --out runs/minilm --epochs 2 --lr 5e-5',
    'ms train --model all-MiniLM-L6-v2 --image-model tf_efficientnet_lite0:lite0.pth --data captions.csv --out runs/words-pictures',
  ],
  run: async ({ options, terminal, signal }) => {
    const pooling = options.pooling?.split('+') as PoolingMode[] | undefined
    const vary = options.augment !== undefined
    const open = {
      terminal,
      signal,
      plugin: options.plugin,
      seed: options.seed,
      ...(options['max-length'] ? { text: { maxLength: options['max-length'] } } : {}),
      image: { ...(pooling ? { pooling } : {}), ...(options['input-size'] ? { inputSize: options['input-size'] } : {}) },
      ...(vary ? ({ pictures: { extent: 'whole' } } as const) : {}),
    }
    const imageModel = options['image-model']
    if (imageModel === undefined && (options.dim !== undefined || options.full))
      throw wrongUse('--dim and --full are for two models', 'Name the model of pictures with --image-model.')
    const given = await openData(options.data, options.format as 'beir' | undefined)
    const modalities = imageModel === undefined ? modalitiesOf(given) : new Set(['text'] as const)
    const model = await modelFor(modalities, options, bothAdvice)
    const opened = await openAnyModel(model, open)
    const joined =
      imageModel === undefined
        ? undefined
        : joinModels(opened, await openAnyModel(imageModel, open), { dim: options.dim ?? usualDim, seed: options.seed ?? 1 })
    const tuned = joined?.model ?? opened
    const readable = { terminal, signal, strict: options.strict }
    const { examples, dev: own } = await trainingData(await readableData(given, tuned.image, readable), tuned)
    for (const { code, message } of [...(await folderNotices(options.data, given)), ...labelNotices(examples)])
      terminal.note(`note[${code}]: ${message}`)
    for (const line of splitNotes(given, examples, own)) terminal.note(line)
    const dev = options.eval ? await readableData(await openRetrievalData(options.eval), tuned.image, readable) : own
    const encoders = columnEncoders(tuned, examples)
    if (joined && new Set(encoders).size < 2)
      throw wrongUse(
        'with --image-model there must be texts and pictures in the data',
        'Give pairs of a text and an image, or text queries for pictures.',
      )
    const { settings, loss } = trainingSettings(options, {
      encoder: encoders[0],
      examples,
      given: joined?.given(examples.modalities ?? []),
    })
    if (options.shrinkage !== undefined && !options.head) throw wrongUse('--shrinkage is for a head', 'Write --head lda, too.')
    const onlyHead = options.head !== undefined && options.epochs === undefined && options['max-steps'] === undefined
    const pictures = examples.modalities?.includes('image') ?? false
    if (options.mixup && !(examples.modalities?.every((modality) => modality === 'image') ?? false))
      throw wrongUse('--mixup is for pictures', 'Leave it out where there are texts.')
    const features = options.features && pictures ? featureDirectory<ImageSource>(options.features, { paths: true }) : undefined
    if (!options.resume && !options.overwrite && (await isUnfinishedRun(options.out))) {
      throw new MsError('run.unfinished', 'a training that was stopped lies in this folder', {
        where: options.out,
        advice: 'Go on with it (--resume), begin anew (--overwrite), or give --out another folder.',
      })
    }
    if (!options.resume && existsSync(join(options.out, 'model')))
      terminal.note(
        `note[run.replaced]: ${options.out} holds an earlier run. Its model stays until this training is done, and is replaced then`,
      )
    const engine = await openEngineFor({ ...options, worker: true }, terminal, signal)
    const printer = trainingPrinter(terminal)
    try {
      const { end, modelPath, head } = await trainRun({
        tuned,
        ...(vary
          ? {
              augment: (examples.modalities ?? examples.columns.map(() => 'text' as const)).map((modality) =>
                standardAugmentation(modality, tuned),
              ),
            }
          : {}),
        ...(options.mixup ? { mix: mixup({ alpha: options.mixup }) as Mix<Prepared> } : {}),
        ...(features ? { features } : {}),
        ...(options.head
          ? {
              finish: async (model, metrics) => {
                const { shrinkage } = options
                const headed = await withHead(model, { examples, dev, shrinkage, metrics, engine, signal, features })
                noteHead(headed, terminal)
                return headed
              },
            }
          : {}),
        model: [model, imageModel].filter((each) => each !== undefined).join(' + '),
        examples,
        dev,
        onlyHead,
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
        ...(head ? { head } : {}),
        seconds: end.seconds,
      })
      return 0
    } finally {
      printer.end()
      await engine.dispose()
    }
  },
})

/** What to do with texts and pictures where no model is named. */
const bothAdvice = 'Bring two models into one space with --image-model ms-mini-image, or name with --model one that takes both.'

/** Dimensions of the space that two models are brought into. */
const usualDim = 256

/** What usually helps, of texts or of pictures. */
function standardAugmentation(modality: Modality, { image }: LoadedModel): Augmentation<ImageSource, Prepared> {
  if (modality === 'image' && image && 'plugin' in image) {
    throw wrongUse(`--augment standard varies prepared pictures, and the plug-in ${image.plugin} prepares its own`, 'Leave --augment out.')
  }
  if (modality === 'text' || !image || 'plugin' in image) {
    const vary = standardTextAugment()
    return { item: (item, random) => (typeof item === 'string' ? vary(item, random) : item) }
  }
  const vary = standardPictureAugment(image.settings.crop)
  return { prepared: (prepared, random) => (isPicture(prepared) ? vary(prepared, random) : prepared) }
}

const isPicture = (prepared: Prepared): prepared is PreparedPicture => 'pixels' in prepared
