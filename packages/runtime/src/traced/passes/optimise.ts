import type { Point } from '../dynamic/size.js'
import type { Graph } from '../graph.js'
import { blockChannels } from './blocked.js'
import { channelsFirst } from './channels-first.js'
import { plainDepthwiseFilterGradient } from './depthwise-filter-gradient.js'
import { turnProductsOfFewRows } from './few-rows.js'
import { fuseBias } from './fuse-bias.js'
import { fuseIntoConvolution } from './fuse-into-convolution.js'
import { maxPoolGradientByComparison, maxPoolGradientByIndices } from './max-pool-gradient.js'
import { removeDeadCode } from './remove-dead-code.js'
import { type Rule, rewrite } from './rewrite.js'
import { simplifications } from './simplify.js'

export interface OptimiseOptions {
  /** Channels in a block of ONNX Runtime's blocked convolutions, where they are to be used. */
  readonly block?: number
  /** Of what the gradient of max pooling is made: some devices know no indices of the largest values. Default: `indices`. */
  readonly poolGradient?: PoolGradient
  /** Sizes of the symbols as they usually are, where a processor multiplies. */
  readonly sizes?: Point
}

export type PoolGradient = 'indices' | 'comparison'

const poolRules: Readonly<Record<PoolGradient, Rule>> = { indices: maxPoolGradientByIndices, comparison: maxPoolGradientByComparison }

/** The smaller graph that computes the same. */
export function optimise(graph: Graph, { block, poolGradient = 'indices', sizes }: OptimiseOptions = {}): Graph {
  const simple = removeDeadCode(rewrite(removeDeadCode(graph), [...simplifications, ...channelsFirst, poolRules[poolGradient]]))
  const whole = removeDeadCode(rewrite(fuseBias(simple), simplifications))
  const fused = sizes ? rewrite(whole, [turnProductsOfFewRows(sizes)]) : whole
  const plain = [...simplifications, plainDepthwiseFilterGradient]
  if (block === undefined) return removeDeadCode(rewrite(fused, plain))
  return removeDeadCode(fuseIntoConvolution(removeDeadCode(rewrite(blockChannels(fused, block), plain))))
}
