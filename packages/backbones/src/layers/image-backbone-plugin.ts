import type { BackbonePlugin } from '@ms/core/tensor'
import type { ConvolutionalBackbone } from './convolutional-backbone.js'

/** A family of convolutional networks: its checkpoints' names are mapped, and their classifier can be had. */
export interface ImageBackbonePlugin<Config> extends Required<Omit<BackbonePlugin<Config>, 'fingerprint'>> {
  create(config: Config): ConvolutionalBackbone
}
