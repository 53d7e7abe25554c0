import type { MapPadding } from '../layers/convolution.js'
import type { MapActivation } from '../layers/map-activation.js'
import type { SqueezeExciteOptions } from '../layers/squeeze-excite.js'

/**
 * An inverted residual block (Sandler et al. 2018): widen by a 1 × 1 convolution, one convolution a channel, squeeze-excite, narrow by a
 * 1 × 1 convolution without activation; and the input added where it has the size of the output.
 */
export interface MobileBlock {
  readonly from: number
  /** Channels inside; as many as `from`: the first convolution is left out. */
  readonly inner: number
  readonly to: number
  readonly kernel: number
  readonly stride: number
  /** Channels inside squeeze-excite; 0: none. */
  readonly squeezed: number
  readonly activation: MapActivation
}

/** What MobileNets and EfficientNets have in common: a stem, stages of blocks, a last 1 × 1 convolution; each number known. */
export interface MobilePlan {
  readonly stem: { readonly to: number; readonly activation: MapActivation }
  readonly stages: readonly (readonly MobileBlock[])[]
  readonly head: { readonly to: number; readonly activation: MapActivation }
  readonly squeeze: Pick<SqueezeExciteOptions, 'activation' | 'gate'>
  readonly padding: MapPadding
  readonly epsilon: number
  readonly momentum: number
}

/** Rounds a number of channels to a multiple, but never down by more than a tenth, as all mobile networks do. */
export function roundChannels(channels: number, divisor = 8, least = divisor): number {
  const rounded = Math.max(least, Math.floor((channels + divisor / 2) / divisor) * divisor)
  return rounded < 0.9 * channels ? rounded + divisor : rounded
}
