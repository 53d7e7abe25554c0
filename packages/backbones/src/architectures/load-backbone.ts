import { type ModelFiles, MsError } from '@ms/core'
import type { Backbone, BackbonePlugin, Classifier, Parameters } from '@ms/core/tensor'
import { parametersFrom, withoutWrapper } from '../checkpoint/load-parameters.js'
import { type CheckpointEntry, type OpenCheckpointOptions, openCheckpoint } from '../checkpoint/open-checkpoint.js'
import { findBackbone } from './find-backbone.js'
import { imageBackbones } from './image-backbones.js'

export interface LoadBackboneOptions extends OpenCheckpointOptions {
  /** Families that may be found. Default: those that read pictures. */
  backbones?: readonly BackbonePlugin[]
  /** Whether to load the classifier of the checkpoint, too. Default: false. */
  classifier?: boolean
}

export interface LoadedBackbone {
  readonly plugin: BackbonePlugin
  /** config.json, as it was. */
  readonly config: Readonly<Record<string, unknown>>
  readonly parsedConfig: unknown
  readonly backbone: Backbone
  /** Of the backbone, and of the classifier where that was asked for. */
  readonly parameters: Parameters
  /** Where it was asked for. */
  readonly classifier?: Classifier
}

/**
 * A network from its config.json and checkpoint.
 *
 * @throws `config.malformed`, `config.invalid`, `encoder.backbone-unknown`, `classifier.none` when the checkpoint has none, and what
 *   `loadParameters` throws
 */
export async function loadBackbone(files: ModelFiles, options: LoadBackboneOptions = {}): Promise<LoadedBackbone> {
  const name = `${options.folder ? `${options.folder}/` : ''}config.json`
  const where = `${files.location}/${name}`
  const config = parseObject(await files.read(name), where)
  const plugin = findBackbone(options.backbones ?? imageBackbones, config, where)
  const parsedConfig = plugin.parseConfig(config, where)
  const backbone = plugin.create(parsedConfig)
  const entries = await openCheckpoint(files, options)
  const rename = (key: string) => (plugin.rename ? plugin.rename(key, parsedConfig) : key)
  const parameters = parametersFrom(entries, backbone.shapes, { rename, where: files.location })
  const loaded = { plugin, config, parsedConfig, backbone, parameters }
  if (!options.classifier) return loaded
  const head = classifierOf(plugin, parsedConfig, entries, files.location)
  return { ...loaded, classifier: head.classifier, parameters: new Map([...parameters, ...head.parameters]) }
}

function classifierOf(
  plugin: BackbonePlugin,
  config: unknown,
  entries: ReadonlyMap<string, CheckpointEntry>,
  where: string,
): { classifier: Classifier; parameters: Parameters } {
  const { classifier } = plugin
  const rename = (key: string): string | undefined => {
    const name = classifier?.rename(key, config)
    const inner = name === undefined ? withoutWrapper(key) : undefined
    return inner === undefined ? name : rename(inner)
  }
  const own = new Map([...entries].filter(([key]) => rename(key) !== undefined))
  const classes = [...own].find(([key]) => rename(key) === classifier?.classes)?.[1].tensor.shape[0]
  if (!classifier || classes === undefined) {
    throw new MsError('classifier.none', 'the checkpoint has no classifier', { where, advice: 'Use the network without one.' })
  }
  const created = classifier.create(config, classes)
  return { classifier: created, parameters: parametersFrom(own, created.shapes, { rename, where }) }
}

function parseObject(bytes: Uint8Array, where: string): Record<string, unknown> {
  try {
    const json: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    if (typeof json === 'object' && json !== null && !Array.isArray(json)) return { ...json }
  } catch (cause) {
    throw new MsError('config.malformed', 'the file is not valid JSON', { where, cause })
  }
  throw new MsError('config.malformed', 'the file is not a JSON object', { where })
}
