import type { BackbonePlugin } from '@ms/core/tensor'
import { efficientnet } from '../efficientnet/efficientnet.js'
import { mobilenetV2 } from '../mobilenet/mobilenet-v2.js'
import { mobilenetV3 } from '../mobilenet/mobilenet-v3.js'
import { resnet } from '../resnet/resnet.js'
import { vgg } from '../vgg/vgg.js'

/** The convolutional families. */
export const convolutional: readonly BackbonePlugin[] = [vgg, resnet, mobilenetV2, mobilenetV3, efficientnet]
