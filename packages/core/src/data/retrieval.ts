import type { Hit } from '../vector-index.js'

/** A thing that can be found. At least one of `text` and `image` is there. */
export interface Document {
  readonly id: string
  readonly title?: string
  readonly text?: string
  /** Path of a picture, relative to the data. */
  readonly image?: string
}

export interface Query {
  readonly id: string
  readonly text?: string
  readonly image?: string
}

/** Graded relevance: query id → document id → grade; grades of 0 and less mean not relevant. */
export type Qrels = ReadonlyMap<string, ReadonlyMap<string, number>>

/** What a system found: query id → hits, best first. (A run in the sense of TREC.) */
export type Run = ReadonlyMap<string, readonly Hit[]>

export type Split = 'train' | 'dev' | 'test'

/** A retrieval data set: what can be found, what is asked, and what is right. */
export interface RetrievalData {
  readonly kind: 'retrieval'
  readonly name: string
  /** The folder that paths of pictures are relative to. */
  readonly location?: string
  readonly corpus: readonly Document[]
  readonly queries: ReadonlyMap<string, Query>
  /** The splits that are there. */
  readonly qrels: ReadonlyMap<Split, Qrels>
}

/** What an encoder is given of a document: its title before its text. */
export function documentText(document: Document): string {
  return document.title ? `${document.title} ${document.text ?? ''}`.trim() : (document.text ?? '')
}

/** The path of a picture of this data. */
export const pictureOf = ({ location = '' }: Pick<RetrievalData, 'location'>, image: string): string =>
  location === '' ? image : `${location.replace(/[\\/]+$/, '')}/${image}`
