import type { Graph } from '../graph.js'
import { fuseBias } from './fuse-bias.js'
import { removeDeadCode } from './remove-dead-code.js'
import { rewrite } from './rewrite.js'
import { simplifications } from './simplify.js'

/** The smaller graph that computes the same. */
export const optimise = (graph: Graph): Graph => removeDeadCode(fuseBias(removeDeadCode(rewrite(removeDeadCode(graph), simplifications))))
