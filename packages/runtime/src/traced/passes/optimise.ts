import type { Graph } from '../graph.js'
import { channelsFirst } from './channels-first.js'
import { fuseBias } from './fuse-bias.js'
import { removeDeadCode } from './remove-dead-code.js'
import { rewrite } from './rewrite.js'
import { simplifications } from './simplify.js'

/** The smaller graph that computes the same. */
export function optimise(graph: Graph): Graph {
  const simple = removeDeadCode(rewrite(removeDeadCode(graph), [...simplifications, ...channelsFirst]))
  return removeDeadCode(fuseBias(simple))
}
