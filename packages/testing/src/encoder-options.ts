import type { Encoder, Engine, Prepared } from '@ms/core/tensor'

export interface DescribeEncoderOptions<Item, P extends Prepared> {
  /** Makes the encoder that is to be examined; its weights are small enough for a few dozen forward passes. */
  encoder: () => Promise<Encoder<Item, P>>
  /** What runs it. It is disposed of at the end. */
  engine: () => Promise<Engine>
  /** Items of different kinds and lengths, at least four, all different. */
  items: readonly Item[]
  /** Items with nothing in them (a text without a word), which must give finite vectors too. */
  emptyItems?: readonly Item[]
  /** Saves and loads again; left out: the encoder cannot be saved. */
  saveAndLoad?: (encoder: Encoder<Item, P>) => Promise<Encoder<Item, P>>
  /** Largest difference that rounding may make. Default: 1e-5. */
  tolerance?: number
  /**
   * Which weights' gradients are compared with differences: names. Default: up to six, spread over the network.
   * Their gradients must be larger than rounding.
   */
  gradientsOf?: readonly string[]
}
