import type { Aliases } from '../layers/parameter-names.js'
import type { MobileBlock, MobilePlan } from './mobile-plan.js'

/** Of a convolution and of the batch norm after it. */
export type UnitName = readonly [convolution: string, norm: string]

/** Where a block stands. */
export interface BlockPlace {
  readonly stage: number
  /** In its stage. */
  readonly position: number
  /** Among all blocks. */
  readonly index: number
  readonly widens: boolean
  readonly squeezes: boolean
}

export interface BlockNames {
  readonly widen: UnitName
  readonly depthwise: UnitName
  readonly reduce: string
  readonly expand: string
  readonly project: UnitName
}

/** How a library names the parts of a mobile network. */
export interface MobileNames {
  readonly stem: UnitName
  block(place: BlockPlace): BlockNames
  head(stages: number, blocks: number): UnitName
}

export function eachBlock<T>({ stages }: MobilePlan, visit: (block: MobileBlock, place: BlockPlace) => T): T[] {
  let index = 0
  return stages.flatMap((blocks, stage) =>
    blocks.map((block, position) =>
      visit(block, { stage, position, index: index++, widens: block.inner !== block.from, squeezes: block.squeezed > 0 }),
    ),
  )
}

/** Names of other libraries → own names. */
export function mobileAliases(plan: MobilePlan, own: MobileNames, others: readonly MobileNames[]): Aliases {
  const named = inOrder(plan, own)
  return new Map(others.flatMap((other) => inOrder(plan, other).map((name, i) => [name, named[i]])))
}

function inOrder(plan: MobilePlan, names: MobileNames): string[] {
  const blocks = eachBlock(plan, ({ squeezed, inner, from }, place) => {
    const { widen, depthwise, reduce, expand, project } = names.block(place)
    return [...(inner !== from ? widen : []), ...depthwise, ...(squeezed > 0 ? [reduce, expand] : []), ...project]
  })
  return [...names.stem, ...blocks.flat(), ...names.head(plan.stages.length, blocks.length)]
}

/** timm's EfficientNet, in which it builds all mobile networks. */
export const timmNames: MobileNames = {
  stem: ['conv_stem', 'bn1'],
  block: ({ stage, position, widens }) => {
    const block = `blocks.${stage}.${position}`
    const norms = (widens ? ['bn1', 'bn2', 'bn3'] : ['', 'bn1', 'bn2']).map((name) => `${block}.${name}`)
    return {
      widen: [`${block}.conv_pw`, norms[0]],
      depthwise: [`${block}.conv_dw`, norms[1]],
      reduce: `${block}.se.conv_reduce`,
      expand: `${block}.se.conv_expand`,
      project: [`${block}.${widens ? 'conv_pwl' : 'conv_pw'}`, norms[2]],
    }
  },
  head: () => ['conv_head', 'bn2'],
}

/** torchvision's blocks are lists: what is absent moves the rest up. */
export function torchvisionBlock(block: string, { widens, squeezes }: BlockPlace): BlockNames {
  const depthwise = widens ? 1 : 0
  const squeeze = depthwise + 1
  const project = squeezes ? squeeze + 1 : squeeze
  return {
    widen: [`${block}.0.0`, `${block}.0.1`],
    depthwise: [`${block}.${depthwise}.0`, `${block}.${depthwise}.1`],
    reduce: `${block}.${squeeze}.fc1`,
    expand: `${block}.${squeeze}.fc2`,
    project: [`${block}.${project}.0`, `${block}.${project}.1`],
  }
}
