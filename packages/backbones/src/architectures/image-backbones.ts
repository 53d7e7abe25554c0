import type { BackbonePlugin } from '@ms/core/tensor'
import { clipVision } from '../clip/clip.js'
import { vit } from '../vit/vit.js'
import { convolutional } from './convolutional.js'

/** All families that read pictures. */
export const imageBackbones: readonly BackbonePlugin[] = [...convolutional, vit, clipVision]
