import type { RetrievalData } from '@ms/core'

/** What somebody might ask. */
export interface Question {
  readonly text: string
  /** The same in English, for who reads along. */
  readonly meaning?: string
}

/** One thing to search: what can be found, what was asked, and how to show it to somebody. */
export interface Task {
  /** Names its folder under runs/. */
  readonly name: string
  /** What it is, in a sentence. */
  readonly about: string
  readonly data: RetrievalData
  /** What stands for a document on the screen, by document id. */
  readonly labels: ReadonlyMap<string, string>
  /** None of them is in the data. */
  readonly questions: readonly Question[]
}
