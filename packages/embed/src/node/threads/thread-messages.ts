import type { Role } from '@ms/core'
import type { EmbedderOptions } from '../../embedder.js'
import type { TableMemory } from '../snapshot/lazy-table.js'
import type { SnapshotRecord } from '../snapshot/snapshot-record.js'

/** What a thread is started with: an encoder that is a table, and how it embeds. */
export interface ThreadData {
  readonly record: SnapshotRecord
  readonly location: string
  /** Files by name. The one that holds the table lies in shared memory. */
  readonly contents: ReadonlyMap<string, Uint8Array>
  readonly memory: TableMemory
  readonly options: Omit<EmbedderOptions, 'engine' | 'cache'>
}

/** Texts to embed; their vectors are written to `out`, which lies in shared memory. */
export interface ThreadRequest {
  readonly texts: readonly string[]
  readonly role: Role
  /** `[texts, dim]` */
  readonly out: Float32Array
}

/** After `ready`, one answer a request, in their order: whether its vectors are there. What went wrong is found out by the one who asked. */
export type ThreadAnswer = 'ready' | 'done' | 'failed'
