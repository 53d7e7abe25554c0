import {
  createEmbedder,
  type EmbedderOptions,
  type ExportedEncoder,
  isExportedDirectory,
  type OwnedEmbedder,
  openExportedEncoder,
} from '@ms/embed/node/serve'
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
    const { backend = 'auto', threads } = options
    if (backend !== 'auto' && backend !== 'traced')
      throw wrongUse(`--backend is "${backend}", and ${name} is an exported model`, 'It runs in ONNX Runtime: leave --backend out.')
    const encoder = await openExportedEncoder(name, { threads: threads ?? threadsOfEnvironment() })
    terminal.note(`exported model, ${encoder.precision}`)
    const embedder = await createEmbedder(encoder, settings(encoder))
    return {
      ...embedder,
      dispose: async () => {
        await embedder.dispose()
        await encoder.dispose()
      },
    }
  }
  const [{ openAnyModel, openModel, textEncoder }, { openEngineFor }] = await Promise.all([
    import('./open-model.js'),
    import('./open-engine.js'),
  ])
  const { plugin = [] } = options
  const encoder =
    plugin.length > 0
      ? textEncoder(await openAnyModel(name, { terminal, signal, plugin }), name)
      : await openModel(name, { terminal, signal })
  return createEmbedder(encoder, { ...settings(encoder), engine: () => openEngineFor(options, terminal, signal) })
}

/** @throws `cli.usage` */
function threadsOfEnvironment(): number | undefined {
  const { MS_THREADS: text } = process.env
  if (!text) return undefined
  const threads = Number(text)
  if (Number.isInteger(threads) && threads >= 1) return threads
  throw wrongUse(`MS_THREADS is "${text}"`, 'Give a whole number from 1.')
}
