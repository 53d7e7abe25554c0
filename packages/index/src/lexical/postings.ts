import { grown } from '../ranking/grown.js'

/** What each document holds, document after document: `[starts[d], starts[d + 1])` of `terms` and `counts` are document `d`'s. */
export interface ForwardIndex {
  /** Documents, removed ones among them. */
  count: number
  /** `[count + 1] uint32` */
  starts: Uint32Array
  /** `[starts[count]] uint32`, numbers of terms, each once a document. */
  terms: Uint32Array
  /** `[starts[count]] uint16`, how often. */
  counts: Uint16Array
  /** `[count] uint32`, length in tokens; `removed` marks a document that is gone. */
  lengths: Uint32Array
}

export const removed = 0xffffffff

/** What each term is in, for the documents `[from, to)`: an inverted file, never changed once it is made. */
export interface Segment {
  readonly from: number
  readonly to: number
  /** Numbers of terms, ascending. */
  readonly terms: Uint32Array
  /** `[terms.length + 1]`: the postings of `terms[i]` are `[offsets[i], offsets[i + 1])`. */
  readonly offsets: Uint32Array
  /** Numbers of documents, ascending within a term. */
  readonly documents: Uint32Array
  readonly counts: Uint16Array
}

/** One term's postings in one segment: `[start, end)`. */
export interface PostingList {
  readonly segment: Segment
  readonly start: number
  readonly end: number
}

export function emptyForwardIndex(): ForwardIndex {
  return {
    count: 0,
    starts: new Uint32Array(64),
    terms: new Uint32Array(256),
    counts: new Uint16Array(256),
    lengths: new Uint32Array(64),
  }
}

export function appendDocuments(index: ForwardIndex, added: Readonly<ForwardIndex>): void {
  const start = index.starts[index.count]
  const used = added.starts[added.count]
  index.terms = grown(index.terms, start + used)
  index.counts = grown(index.counts, start + used)
  index.terms.set(added.terms.subarray(0, used), start)
  index.counts.set(added.counts.subarray(0, used), start)
  index.starts = grown(index.starts, index.count + added.count + 1)
  index.lengths = grown(index.lengths, index.count + added.count)
  index.lengths.set(added.lengths.subarray(0, added.count), index.count)
  for (let i = 1; i <= added.count; i++) index.starts[index.count + i] = start + added.starts[i]
  index.count += added.count
}

/** A copy without removed documents; `renumber` gives each term its new number. */
export function withoutRemoved(index: Readonly<ForwardIndex>, renumber: (term: number) => number): ForwardIndex {
  const kept = { count: 0, starts: new Uint32Array(index.count + 1), lengths: new Uint32Array(index.count) }
  const terms = new Uint32Array(index.starts[index.count])
  const counts = new Uint16Array(index.starts[index.count])
  let used = 0
  for (let document = 0; document < index.count; document++) {
    if (index.lengths[document] === removed) continue
    for (let i = index.starts[document]; i < index.starts[document + 1]; i++) {
      terms[used] = renumber(index.terms[i])
      counts[used++] = index.counts[i]
    }
    kept.lengths[kept.count++] = index.lengths[document]
    kept.starts[kept.count] = used
  }
  return { ...kept, terms, counts }
}

/** Inverts the documents `[from, to)` by counting; removed ones are left out. `scratch` is zero before and after, a number a term. */
export function invert({ starts, terms, counts, lengths }: ForwardIndex, from: number, to: number, scratch: Uint32Array): Segment {
  let distinct = new Uint32Array(256)
  let found = 0
  let postings = 0
  for (let document = from; document < to; document++) {
    if (lengths[document] === removed) continue
    for (let i = starts[document]; i < starts[document + 1]; i++) {
      if (scratch[terms[i]]++ === 0) {
        distinct = grown(distinct, found + 1)
        distinct[found++] = terms[i]
      }
      postings += 1
    }
  }
  const sorted = distinct.slice(0, found).sort()
  const offsets = new Uint32Array(found + 1)
  for (let i = 0; i < found; i++) {
    offsets[i + 1] = offsets[i] + scratch[sorted[i]]
    scratch[sorted[i]] = offsets[i]
  }
  const documents = new Uint32Array(postings)
  const documentCounts = new Uint16Array(postings)
  for (let document = from; document < to; document++) {
    if (lengths[document] === removed) continue
    for (let i = starts[document]; i < starts[document + 1]; i++) {
      const at = scratch[terms[i]]++
      documents[at] = document
      documentCounts[at] = counts[i]
    }
  }
  for (let i = 0; i < found; i++) scratch[sorted[i]] = 0
  return { from, to, terms: sorted, offsets, documents, counts: documentCounts }
}

/** Position of `value` in the ascending `[from, to)` of `list`, or the position where it would stand. */
export function lowerBound(list: Uint32Array, value: number, from: number, to: number): number {
  let low = from
  let high = to
  while (low < high) {
    const middle = (low + high) >>> 1
    if (list[middle] < value) low = middle + 1
    else high = middle
  }
  return low
}

/** The postings of a term in all segments, in the order of documents. */
export function postingLists(segments: readonly Segment[], term: number): PostingList[] {
  const lists: PostingList[] = []
  for (const segment of segments) {
    const at = lowerBound(segment.terms, term, 0, segment.terms.length)
    if (segment.terms[at] === term) lists.push({ segment, start: segment.offsets[at], end: segment.offsets[at + 1] })
  }
  return lists
}
