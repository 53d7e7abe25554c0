import { availableParallelism } from 'node:os'
import {
  createEmbedder,
  createThreadedEmbedder,
  type EmbedderOptions,
  type ExportedEncoder,
  type ExportedModel,
  isExportedDirectory,
  type OwnedEmbedder,
  openExportedModel,
  openSnapshot,
  rememberFiles,
  resolveModel,
  type SnapshotEncoder,
  textTower,
} from '@ms/embed/node/serve'
import { installedRivals } from '@ms/runtime/node/onnx'
import { builtinModels, defaultModel } from './default-model.js'
import { takesPictures } from './modality.js'
import { wrongUse } from './option-values.js'
import type { Terminal } from './terminal.js'

export interface OpenEmbedderOptions {
  readonly options: { readonly backend?: string; readonly threads?: number; readonly plugin?: readonly string[] }
  readonly terminal: Terminal
  readonly signal: AbortSignal
  readonly embedder?: Omit<EmbedderOptions, 'engine'>
}

/** An embedder of what `--model` names. The engine is opened when it is first needed: a static model needs none. */
export async function openEmbedder(name: string | undefined, options: OpenEmbedderOptions): Promise<OwnedEmbedder<string>> {
  return open(name, options, () => options.embedder)
}

/** For searching: unit vectors, unless the model's author says that its vectors' lengths count. */
export async function openSearchEmbedder(
  name: string | undefined,
  options: Omit<OpenEmbedderOptions, 'embedder'>,
): Promise<OwnedEmbedder<string>> {
  return open(name, options, ({ similarity }) => ({ normalize: similarity !== 'dot' }))
}

type Settings = (encoder: { readonly similarity: ExportedEncoder['similarity'] }) => OpenEmbedderOptions['embedder']

/** An exported model is opened without what other models need: loading that takes longer than embedding a query. */
async function open(
  name: string | undefined,
  { options, terminal, signal }: Omit<OpenEmbedderOptions, 'embedder'>,
  settings: Settings,
): Promise<OwnedEmbedder<string>> {
  if (name !== undefined && (await isExportedDirectory(name))) {
    const { text, image } = await openExported(name, { options, terminal })
    await image?.dispose()
    if (!text) throw takesPictures(name)
    return owned(text, await createEmbedder(text, settings(text)))
  }
  const { plugin = [] } = options
  if (plugin.length === 0) return openText(name, { options, terminal, signal }, settings)
  const [{ openAnyModel, textEncoder }, { openEngineFor }] = await Promise.all([import('./open-model.js'), import('./open-engine.js')])
  const encoder = textEncoder(await openAnyModel(name, { terminal, signal, plugin }), name)
  return createEmbedder(encoder, { ...settings(encoder), engine: () => openEngineFor(options, terminal, signal) })
}

/** Opens what `ms export` wrote. @throws `cli.usage` where another engine is asked for, and what `openExportedModel` throws */
export async function openExported(
  name: string,
  { options: { backend = 'auto', threads }, terminal }: Pick<OpenEmbedderOptions, 'options' | 'terminal'>,
): Promise<ExportedModel> {
  if (backend !== 'auto' && backend !== 'traced')
    throw wrongUse(`--backend is "${backend}", and ${name} is an exported model`, 'It runs in ONNX Runtime: leave --backend out.')
  const model = await openExportedModel(name, { threads: threads ?? threadsOfEnvironment() })
  terminal.note(`exported model, ${(model.text ?? model.image)?.precision}`)
  return model
}

/** A model of texts: from its snapshot, if there is one. */
async function openText(
  name: string = defaultModel,
  { options, terminal, signal }: Omit<OpenEmbedderOptions, 'embedder'>,
  settings: Settings,
): Promise<OwnedEmbedder<string>> {
  const files = rememberFiles(await textTower(await resolveModel(name, { builtin: builtinModels, signal })))
  const quick = (await mayBeQuick(options)) ? { threads: options.threads ?? threadsOfEnvironment() } : undefined
  const known = quick && (await openSnapshot(files, quick))
  if (known) {
    for (const { code, message } of known.notices) terminal.note(`note[${code}]: ${message}`)
    tellEngine(known, quick, terminal)
    return owned(known, await createThreadedEmbedder(known, { ...settings(known), threads: quick.threads }))
  }
  const [{ openModel }, { openEngineFor }, { takeSnapshot }] = await Promise.all([
    import('./open-model.js'),
    import('./open-engine.js'),
    import('@ms/embed/node'),
  ])
  const encoder = await openModel(name, { terminal, signal, files })
  // What cannot be recorded here is run by an engine, and what is wrong is said there.
  const taken = quick && (await takeSnapshot(encoder, files, quick).catch(() => undefined))
  if (taken) {
    tellEngine(taken, quick, terminal)
    return owned(taken, await createThreadedEmbedder(taken, { ...settings(taken), threads: quick.threads }))
  }
  return createEmbedder(encoder, { ...settings(encoder), engine: () => openEngineFor(options, terminal, signal) })
}

/** Whether ONNX Runtime on the processor is what would be taken. */
const mayBeQuick = async ({ backend = 'auto' }: OpenEmbedderOptions['options']) =>
  backend === 'traced' || (backend === 'auto' && (await installedRivals()).length === 0)

function tellEngine({ kind }: SnapshotEncoder, { threads = availableParallelism() }: { threads?: number }, terminal: Terminal): void {
  if (kind === 'graph') terminal.note(`engine traced, ${threads} ${threads === 1 ? 'thread' : 'threads'}`)
}

/** An embedder that takes its encoder with it. */
const owned = (encoder: ExportedEncoder, embedder: OwnedEmbedder<string>): OwnedEmbedder<string> => ({
  ...embedder,
  dispose: async () => {
    await embedder.dispose()
    await encoder.dispose()
  },
})

/** @throws `cli.usage` */
function threadsOfEnvironment(): number | undefined {
  const { MS_THREADS: text } = process.env
  if (!text) return undefined
  const threads = Number(text)
  if (Number.isInteger(threads) && threads >= 1) return threads
  throw wrongUse(`MS_THREADS is "${text}"`, 'Give a whole number from 1.')
}
