import { MsError } from '@ms/core'
import type {
  Backbone,
  DropoutLayer,
  Encoder,
  EncoderCut,
  Hidden,
  InputShapes,
  Mode,
  Parameters,
  Prepared,
  Tensors,
  Weights,
} from '@ms/core/tensor'
import * as tf from '@tensorflow/tfjs-core'
import type { EncoderModule, Features, Widths } from './modules/encoder-module.js'

/** Where a module's weights stand among the encoder's: `2_Dense.linear.weight`. Position 0 is the backbone. */
export const modulePrefix = (module: EncoderModule, position: number) => `${position + 1}_${module.type}.`

/** The name of a module's dropout: `2_Dropout`. */
const dropoutName = (module: EncoderModule, position: number) => `${position + 1}_${module.type}`

/** A backbone and what follows it: the part that encoders of texts and of pictures have in common. */
export interface ModuleChain {
  readonly backbone: Backbone
  readonly modules: readonly EncoderModule[]
  /** What the backbone makes: a vector a token (or a place of a picture), or one an item. */
  readonly start: Widths
}

/** Which features there are before a module. */
const widthsBefore = ({ modules, start }: ModuleChain, position: number): Widths => (position === 0 ? start : modules[position - 1].widths)

/** Width of the embedding. @throws `encoder.no-embedding` when no module makes one */
export function chainDim(chain: ModuleChain): number {
  const dim = widthsBefore(chain, chain.modules.length).sentence_embedding
  if (dim !== undefined) return dim
  throw new MsError('encoder.no-embedding', 'no module makes one vector of an item', { where: 'modules.json', advice: 'Add a Pooling.' })
}

/** Names and shapes of all weights of an encoder. */
export function chainShapes({ backbone, modules }: Pick<ModuleChain, 'backbone' | 'modules'>): Map<string, readonly number[]> {
  const shapes = new Map(backbone.shapes)
  for (const [position, module] of modules.entries()) {
    for (const [name, shape] of module.shapes) shapes.set(modulePrefix(module, position) + name, shape)
  }
  return shapes
}

/** What the backbone makes of the inputs, as the modules read it: of a picture, its places are the tokens. */
export function chainFeatures(hidden: Hidden, inputs: Tensors): Features {
  switch (hidden.kind) {
    case 'pooled':
      return { sentence_embedding: hidden.pooled }
    case 'tokens':
      return { token_embeddings: hidden.tokens, mask: hidden.mask, beyondPrompt: inputs['beyond_prompt'] as tf.Tensor2D | undefined }
    case 'map': {
      const [batch, height, width, channels] = hidden.map.shape
      return { token_embeddings: tf.reshape(hidden.map, [batch, height * width, channels]) }
    }
  }
}

/** Runs modules from position `from` on. `[batch, dim]` */
export function runModules(
  modules: readonly EncoderModule[],
  from: number,
  first: Features,
  weights: Weights,
  mode: Mode = { training: false },
): tf.Tensor2D {
  let current = first
  for (let position = from; position < modules.length; position++) {
    const module = modules[position]
    const mask = module.dropout === undefined ? undefined : mode.dropout?.(dropoutName(module, position))
    current = module.forward(current, (name) => weights.get(modulePrefix(module, position) + name), mask)
  }
  return current.sentence_embedding as tf.Tensor2D
}

export function chainForward({ backbone, modules }: ModuleChain): Encoder['forward'] {
  return (inputs, weights, mode) => runModules(modules, 0, chainFeatures(backbone.forward(inputs, weights, mode), inputs), weights, mode)
}

/** Where the chain drops units while training (`Encoder.dropouts`). */
export function chainDropouts(chain: ModuleChain): NonNullable<Encoder['dropouts']> {
  return (inputs) => new Map([...(chain.backbone.dropouts?.(inputs) ?? []), ...moduleDropouts(chain, 0, inputs)])
}

function moduleDropouts(chain: ModuleChain, from: number, inputs: InputShapes): [string, DropoutLayer][] {
  return chain.modules.flatMap((module, position): [string, DropoutLayer][] => {
    const width = widthsBefore(chain, position).sentence_embedding
    if (position < from || module.dropout === undefined || width === undefined) return []
    return [[dropoutName(module, position), { shape: [itemsIn(inputs), width], rate: module.dropout }]]
  })
}

/** Items of a batch. Bags of tokens are told apart by where each begins, and the last one ends. */
function itemsIn({ offsets, ...others }: InputShapes): number {
  return offsets ? offsets.shape[0] - 1 : Object.values(others)[0].shape[0]
}

/**
 * Where training begins (`Encoder.cut`): before the first module with a weight that is not frozen, if there is one vector an item by then.
 *
 * @param build the same encoder with these modules only
 */
export function chainCut<Item, P extends Prepared>(
  chain: ModuleChain,
  { dim, parameters }: Pick<Encoder<Item, P>, 'dim' | 'parameters'>,
  frozen: (name: string) => boolean,
  build: (modules: readonly EncoderModule[], parameters: Parameters) => Encoder<Item, P>,
): EncoderCut<Item, P> | undefined {
  const { backbone, modules } = chain
  if (![...backbone.shapes.keys()].every(frozen)) return undefined
  const trained = (module: EncoderModule, position: number) =>
    [...module.shapes.keys()].some((name) => !frozen(modulePrefix(module, position) + name))
  const at = modules.findIndex(trained)
  if (at < 0 || widthsBefore(chain, at).sentence_embedding === undefined) return undefined
  const before = modules.slice(0, at)
  const names = new Set(chainShapes({ ...chain, modules: before }).keys())
  const part = (ofBody: boolean): Parameters => new Map([...parameters].filter(([name]) => names.has(name) === ofBody))
  return {
    body: build(before, part(true)),
    head: {
      dim,
      parameters: part(false),
      dropouts: (inputs) => new Map(moduleDropouts(chain, at, inputs)),
      forward: (inputs, weights, mode) => runModules(modules, at, { sentence_embedding: inputs['features'] as tf.Tensor2D }, weights, mode),
    },
  }
}

/** @throws `weights.missing`, `weights.extra`, `weights.shape` */
export function assertParameters(parameters: Parameters, shapes: ReadonlyMap<string, readonly number[]>): void {
  for (const [name, shape] of shapes) {
    const found = parameters.get(name)
    if (!found) throw new MsError('weights.missing', `there is no weight ${name}`, { where: name })
    const size = shape.reduce((product, n) => product * n, 1)
    if (found.shape.length !== shape.length || shape.some((n, i) => n !== found.shape[i]) || found.data.length !== size) {
      throw new MsError('weights.shape', `${name} is [${found.shape.join(', ')}] and must be [${shape.join(', ')}]`, { where: name })
    }
  }
  for (const name of parameters.keys()) {
    if (!shapes.has(name)) throw new MsError('weights.extra', `${name} is no weight of this encoder`, { where: name })
  }
}
