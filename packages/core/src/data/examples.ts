/** What an item is: a text, or a picture by the path of its file. */
export type Modality = 'text' | 'image'

/**
 * Training examples, a column at a time: `columns[c][i]` is column c of example i. Of a `triplet` anchor, positive and hard negatives. Of a
 * `pair` anchor and positive, and in further columns what else is right for the anchor (the words that stand with a picture); `''` there: nothing.
 */
export interface Examples<Item = string> {
  readonly kind: 'pair' | 'triplet' | 'scored-pair' | 'labelled'
  readonly columns: readonly (readonly Item[])[]
  /** What the items of each column are. Default: texts. */
  readonly modalities?: readonly Modality[]
  /** Folder that the paths of pictures begin with, where they have one in common: what lies above it says nothing of a picture. */
  readonly location?: string
  /** Of a scored pair: wanted similarity. */
  readonly scores?: readonly number[]
  /** Of a labelled item: its class. */
  readonly labels?: readonly string[]
}
