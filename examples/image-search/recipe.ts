import type { Examples, ImageSource, Modality } from '@ms/core'
import type { Engine, Loss, Parameters, Prepared } from '@ms/core/tensor'
import type { LoadedModel } from '@ms/embed'
import type { Augmentation, TrainSettings } from '@ms/finetune'

/** How an encoder is tuned: what an encoder of its own kind must say of itself. */
export interface Recipe {
  /** The encoders that training begins with, which may have got something to be trained. */
  readonly start: LoadedModel
  readonly loss: Loss
  readonly settings: TrainSettings
  /** Varies pictures from step to step. */
  readonly augment?: Augmentation<ImageSource, Prepared>
  /** What comes after training, given the weights that were trained: a head in closed form. */
  readonly finish?: (trained: Readonly<Partial<Record<Modality, Parameters>>>) => Promise<LoadedModel>
}

export interface RecipeOptions {
  readonly examples: Examples
  readonly engine: Engine
  readonly seed: number
  readonly signal: AbortSignal
}
