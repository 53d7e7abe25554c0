import type { Run } from '@ms/core'
import type { Fusion } from './fusion.js'

/** Fuses two runs query by query. A query that only one of them has is fused with an empty list. */
export function fuseRuns(dense: Run, lexical: Run, fusion: Fusion): Run {
  const queries = new Set([...dense.keys(), ...lexical.keys()])
  return new Map(Array.from(queries, (query) => [query, fusion.fuse(dense.get(query) ?? [], lexical.get(query) ?? [])]))
}
