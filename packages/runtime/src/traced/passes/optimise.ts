import type { Graph } from '../graph.js'
import { blockChannels } from './blocked.js'
import { channelsFirst } from './channels-first.js'
import { plainDepthwiseFilterGradient } from './depthwise-filter-gradient.js'
import { fuseBias } from './fuse-bias.js'
import { fuseIntoConvolution } from './fuse-into-convolution.js'
import { removeDeadCode } from './remove-dead-code.js'
import { rewrite } from './rewrite.js'
import { simplifications } from './simplify.js'

export interface OptimiseOptions {
  /** Channels in a block of ONNX Runtime's blocked convolutions, where they are to be used. */
  readonly block?: number
}

/** The smaller graph that computes the same. */
export function optimise(graph: Graph, { block }: OptimiseOptions = {}): Graph {
  const simple = removeDeadCode(rewrite(removeDeadCode(graph), [...simplifications, ...channelsFirst]))
  const fused = removeDeadCode(rewrite(fuseBias(simple), simplifications))
  const plain = [...simplifications, plainDepthwiseFilterGradient]
  if (block === undefined) return removeDeadCode(rewrite(fused, plain))
  return removeDeadCode(fuseIntoConvolution(removeDeadCode(rewrite(blockChannels(fused, block), plain))))
}
