import type { ComparisonReport } from '@ms/cli'
import type { Modality, RetrievalData } from '@ms/core'

/** What somebody might ask. */
export interface Question {
  readonly text: string
  /** The same in English, for who reads along. */
  readonly meaning?: string
  /** Path of a picture that asks; the text then only says what is to be seen on it. */
  readonly image?: string
}

/** One thing to search: what can be found, what was asked, and how to show it to somebody. */
export interface Task {
  /** Names its folder under runs/. */
  readonly name: string
  /** What it is, in a sentence. */
  readonly about: string
  readonly data: RetrievalData
  /** What queries and documents are given to an encoder as. */
  readonly modalities: readonly [Modality, Modality]
  /** Other data that the tuned encoder is measured on: what it never saw the like of. */
  readonly also?: readonly RetrievalData[]
  /** What stands for a document on the screen, by document id. */
  readonly labels: ReadonlyMap<string, string>
  /** None of them is in the train split. */
  readonly questions: readonly Question[]
  /** Makes what is looked at and not read, in the folder of the run. @returns names of files there */
  readonly exhibit?: (report: ComparisonReport, data: RetrievalData, folder: string) => Promise<readonly string[]>
}
