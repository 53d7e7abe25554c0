export interface Progress {
  readonly done: number
  readonly total: number
  /** What is counted: `documents`, `bytes`, `steps`. */
  readonly unit: string
}

export type OnProgress = (progress: Progress) => void
