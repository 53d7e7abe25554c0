import type { Tensor, Tensor1D, Tensor2D, Tensor3D, Tensor4D } from '@tensorflow/tfjs-core'
import type { InputShapes, Tensors, Weights } from './host-tensor.js'

export interface Mode {
  readonly training: boolean
  /**
   * Given while training: batch norm uses the batch's own mean and variance, and leaves them here under the name of the running
   * statistic that follows them. Absent: it uses the running statistics, which stay as they are ("frozen" while training).
   */
  readonly observe?: (statistic: string, value: Tensor1D) => void
  /** Given while training with dropout: which units of a layer stay in this step. Undefined: all of them. See `Backbone.dropouts`. */
  readonly dropout?: (layer: string) => DropoutMask | undefined
}

/** Which units stay in a step. It is an input of the step, so that a graph which is recorded once has other masks at each step. */
export interface DropoutMask {
  /** bool, of as many elements as what it masks. */
  readonly keep: Tensor
  /** Share of units that are dropped. */
  readonly rate: number
}

/** A layer that drops units at random while it is trained. */
export interface DropoutLayer {
  /** Of its mask: sizes of the inputs, and last the number of units that the layer has at each place, which is the network's own. */
  readonly shape: readonly number[]
  /** Share of units that are dropped, as the model's configuration has it; 0: none. */
  readonly rate: number
}

/** What a backbone makes of a batch: a vector a token, and which are real; a vector a place of a picture; or one vector an item. */
export type Hidden =
  | {
      readonly kind: 'tokens' /** `[batch, tokens, width]` */
      readonly tokens: Tensor3D /** `[batch, tokens]` float32, 1 or 0 */
      readonly mask: Tensor2D
    }
  | { readonly kind: 'map' /** `[batch, height, width, channels]` */; readonly map: Tensor4D }
  | { readonly kind: 'pooled' /** `[batch, width]` */; readonly pooled: Tensor2D }

/** A network without pooling and head: a pure function from inputs to hidden states. */
export interface Backbone {
  /** `bert`, `static`, `resnet`, … */
  readonly family: string
  readonly width: number
  /** `pooled` where it makes one vector an item by itself, which needs no pooling after it. Default: a vector a token, or a place. */
  readonly makes?: 'pooled'
  /** Shape of every weight, by its checkpoint's name. Reading a checkpoint is checked against it. */
  readonly shapes: ReadonlyMap<string, readonly number[]>
  /**
   * Tables that are only ever read row by row: parameter name → name of the int32 input that holds the row numbers.
   * The trainer may hand over just the touched rows and renumber that input.
   */
  readonly lookups: Readonly<Record<string, string>>
  /** Weights that follow what `Mode.observe` is told instead of a gradient: name → how far they follow at each step (torch's `momentum`). */
  readonly statistics?: ReadonlyMap<string, number>
  /** Layers that may drop units while training, by the names that `Mode.dropout` is asked with. */
  readonly dropouts?: (inputs: InputShapes) => ReadonlyMap<string, DropoutLayer>
  forward(inputs: Tensors, weights: Weights, mode: Mode): Hidden
}

/** The classifier that a network was trained with, kept apart from it: what it makes of a picture becomes a number a class. */
export interface Classifier {
  readonly shapes: ReadonlyMap<string, readonly number[]>
  /** What the classifier was trained on top of: `[batch, classes]`, before any softmax. */
  forward(hidden: Hidden, weights: Weights, mode: Mode): Tensor2D
}

/** How a kind of network joins in: a value that is handed to `loadEncoder`, no registry. */
export interface BackbonePlugin<Config = unknown> {
  /** Values of `model_type` in config.json that it understands. */
  readonly modelTypes: readonly string[]
  /** Values of `architecture` in config.json (timm's way of naming a network: `resnet50`) that it understands. */
  readonly architectures?: readonly string[]
  /** @throws `config.invalid` naming the field. */
  parseConfig(json: unknown, where: string): Config
  create(config: Config): Backbone
  /** What of the configuration decides what the network makes of an input: not how it was trained. Default: all of it. */
  fingerprint?(config: Config): unknown
  /** Checkpoint key → this backbone's parameter name; undefined: not a weight of this network (a head, a buffer). Default: identity. */
  rename?(key: string, config: Config): string | undefined
  /** The classifier that such checkpoints carry. */
  readonly classifier?: {
    /** The weight, by this plug-in's name, whose first dimension is the number of classes. */
    readonly classes: string
    create(config: Config, classes: number): Classifier
    /** Checkpoint key → name of a weight of the classifier; undefined: not one of them. */
    rename(key: string, config: Config): string | undefined
  }
}
