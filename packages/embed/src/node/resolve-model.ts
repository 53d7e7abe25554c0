import { stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { presets as allPresets, type HubFilesOptions, hubFiles, type Preset } from '@ms/backbones/node/hub'
import { type ModelFiles, MsError } from '@ms/core'
import { directoryFiles } from '@ms/core/node'
import { nearestNames } from './nearest-names.js'

export interface ResolveModelOptions extends HubFilesOptions {
  /** Models that are installed with the program, by name. */
  builtin?: Readonly<Record<string, () => Promise<ModelFiles>>>
  /** Short names for models on the hub. Default: those of `@ms/backbones`. */
  presets?: readonly Preset[]
}

const isFolder = (path: string) =>
  stat(path)
    .then((found) => found.isDirectory())
    .catch(() => false)
const isFile = (path: string) =>
  stat(path)
    .then((found) => found.isFile())
    .catch(() => false)

/**
 * The files that a model's name stands for. In this order: a built-in model, a preset, a folder (of a finished run: its `model`), a bare
 * checkpoint with its architecture before it (`resnet50:weights.pth`), a model on the hub.
 * @throws `encoder.unknown` with the names that are most like it, `architecture.unknown`, `encoder.run-unfinished` for a run without a model, `hub.…`
 */
export async function resolveModel(name: string, options: ResolveModelOptions = {}): Promise<ModelFiles> {
  const { builtin = {}, presets = allPresets, ...hub } = options
  if (Object.hasOwn(builtin, name)) return builtin[name]()
  const preset = presets.find((each) => each.name === name.toLowerCase())
  if (preset) return hubFiles(preset.id, hub)
  if (name !== '' && (await isFolder(name))) return folderFiles(name)
  const [, architecture, file] = name.match(/^(\w[\w.-]+):(.+)$/s) ?? []
  if (architecture) {
    // Loaded only here: the networks bring TensorFlow.js with them.
    const { architectures, architectureFiles } = await import('@ms/backbones')
    if (await isFile(file)) return architectureFiles(architecture, directoryFiles(dirname(file)), basename(file))
    if (architectures.has(architecture.toLowerCase())) {
      throw new MsError('file.missing', 'there is no such checkpoint', { where: file, advice: 'Check the path after the colon.' })
    }
  }
  if (await isFile(name)) {
    const advice = isCheckpointName(name) ? await howToNameCheckpoint(name) : 'Name the folder that the model’s files are in.'
    throw new MsError('encoder.unknown', `${name} is a file`, { where: name, advice })
  }
  if (/^[\w-][\w.-]*\/[\w-][\w.-]*(@[\w./-]+)?$/.test(name))
    return hubFiles(name, hub).catch((cause: unknown) => noFolderEither(name, cause))
  const known = [...Object.keys(builtin), ...presets.map((each) => each.name)]
  const near = nearestNames(name, known)
  const advice =
    near.length > 0
      ? `Did you mean ${near.join(' or ')}?`
      : known.length > 0
        ? `Known by name: ${known.slice(0, 3).join(', ')} … (ms models lists them).`
        : ''
  throw new MsError('encoder.unknown', `there is no model ${JSON.stringify(name)}: no such name, and no such folder`, {
    where: 'model',
    advice: `${advice} Other models: a folder, or org/name on the hub.`.trim(),
    details: { name, nearest: near },
  })
}

const isCheckpointName = (name: string) => /\.(safetensors|pth|pt|bin)$/i.test(name)

/** Which network a bare checkpoint is of must be said; its name often tells. */
async function howToNameCheckpoint(path: string): Promise<string> {
  const { architectures } = await import('@ms/backbones')
  const file = basename(path).toLowerCase()
  const [likely = 'resnet50'] = [...architectures.keys()].filter((each) => file.startsWith(each)).sort((a, b) => b.length - a.length)
  return `Name the folder that the model’s files are in; or of a network of pictures say which one it is, as in ${likely}:${path}.`
}

/** `models/mine` may be a folder's name with a slip in it as well as an id on the hub: say both. */
function noFolderEither(name: string, cause: unknown): never {
  if (!MsError.isInstance(cause) || !['hub.not-found', 'hub.unreachable'].includes(cause.code)) throw cause
  const { code, message, where, advice, kind, details } = cause
  throw new MsError(code, `there is no folder ${name}, and as a model on the hub: ${message}`, { where, advice, kind, details, cause })
}

async function folderFiles(path: string): Promise<ModelFiles> {
  if (!(await isFile(join(path, 'run.json'))) || (await isFile(join(path, 'modules.json')))) return directoryFiles(path)
  const model = join(path, 'model')
  if (await isFolder(model)) return directoryFiles(model)
  throw new MsError('encoder.run-unfinished', 'this run has no model yet', {
    where: path,
    advice: 'Let the training finish (it can be resumed), or name the model that it started from.',
  })
}
