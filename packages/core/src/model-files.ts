/**
 * Where a model's (or a data set's) files lie: a directory, a hub repository, memory. Nobody else knows which.
 * Names are relative, with `/`: `1_Pooling/config.json`.
 */
export interface ModelFiles {
  /** For messages: a path, a hub id, `memory`. */
  readonly location: string
  /** Names of all files, sorted. */
  list(): Promise<string[]>
  /** @throws `file.missing` when there is no such file. */
  read(name: string): Promise<Uint8Array>
  write?(name: string, bytes: Uint8Array): Promise<void>
}
