/** A folder of its own for each case: `data`, `model`, `run` and `collection` are copies of good ones, spoilt by `spoil`. */
export interface Case {
  readonly name: string
  /** Which good things are copied in before the spoiling. */
  readonly with?: readonly ('data' | 'model' | 'run' | 'collection')[]
  readonly spoil?: (files: Spoiler) => unknown
  readonly words: string
  readonly code: string
  /** File and line, or field, as the message names it. */
  readonly where: string
  /** What the message or its advice says too. */
  readonly says?: RegExp
  /** Default: 2, bad input. */
  readonly exit?: 1 | 2
  /** New entries that may stay behind: a run that failed keeps its events. */
  readonly leaves?: readonly string[]
}

export interface Spoiler {
  write(name: string, content: string | Uint8Array): Promise<void>
  edit(name: string, change: (bytes: Uint8Array) => Uint8Array): Promise<void>
  remove(name: string): Promise<void>
}

export const weights = 'model/0_StaticEmbedding/model.safetensors'
export const evaluate = 'eval --model model --data data'
export const train = 'train --model model --data data --out out'
export const encode = 'encode --model model --input texts.txt --output out.npy'
export const texts = (files: Spoiler) => files.write('texts.txt', 'red apple\nblue chair\n')
export const half = (bytes: Uint8Array) => bytes.subarray(0, bytes.length >> 1)
export const flipped = (bytes: Uint8Array) => bytes.map((byte, i) => (i === bytes.length >> 1 ? byte ^ 4 : byte))
