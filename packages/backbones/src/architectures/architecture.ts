import type { BackbonePlugin } from '@ms/core/tensor'

/** How a picture is made ready for a network. */
export interface Preprocessing {
  /** The shorter side is resized to this many pixels … */
  readonly size: number
  /** … and the middle square of this many pixels is what the network sees. */
  readonly crop: number
  readonly interpolation: 'bilinear' | 'bicubic'
  /** Of red, green, blue in 0…1: a value becomes `(value − mean) / std`. */
  readonly mean: readonly [number, number, number]
  readonly std: readonly [number, number, number]
}

/** A network as torchvision or timm name it: all that a bare checkpoint does not say. */
export interface Architecture {
  readonly plugin: BackbonePlugin
  /** What its config.json is. */
  readonly config: Readonly<Record<string, unknown>>
  readonly preprocessing: Preprocessing
  /** Of the same name, trained elsewhere with other settings: known by a parameter name that only such checkpoints have. */
  readonly variants?: readonly ArchitectureVariant[]
}

export interface ArchitectureVariant {
  /** Key of the checkpoint that gives the variant away. */
  readonly marker: string
  readonly config: Readonly<Record<string, unknown>>
  readonly preprocessing: Preprocessing
}
