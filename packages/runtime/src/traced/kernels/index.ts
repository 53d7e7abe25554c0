import { compositeKernels } from './composite.js'
import { elementwiseKernels } from './elementwise.js'
import { embeddingBagKernels } from './embedding-bag.js'
import { gatheringKernels } from './gathering.js'
import type { KernelTable } from './kernel.js'
import { matrixKernels } from './matrix.js'
import { pictureKernels } from './picture.js'
import { reductionKernels } from './reduction.js'
import { shapingKernels } from './shaping.js'

/** Every kernel that can be recorded. */
export const kernels: KernelTable = {
  ...elementwiseKernels,
  ...reductionKernels,
  ...shapingKernels,
  ...gatheringKernels,
  ...matrixKernels,
  ...compositeKernels,
  ...embeddingBagKernels,
  ...pictureKernels,
}
