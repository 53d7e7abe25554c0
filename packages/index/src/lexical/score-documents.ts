import { grown } from '../ranking/grown.js'
import { HitHeap } from '../ranking/hit-heap.js'
import { lowerBound, type PostingList } from './postings.js'

/** A query term that some document holds. */
export interface QueryTerm {
  readonly lists: readonly PostingList[]
  /** How many documents hold it. */
  readonly frequency: number
  /** Inverse document frequency × how often the query has it. */
  readonly weight: number
  /** No document gets more than this from the term. */
  readonly bound: number
}

/** Sums by document, kept from query to query and zero between them, so that a query costs what it touches. */
export interface Accumulators {
  sums: Float64Array
  touched: Uint32Array
}

// Sums are added in another order than bounds: leave room for rounding.
const slack = 1 + 1e-9

/**
 * The best `k` by Σ weight · tf / (tf + norm). Term after term, greatest bound first; as soon as the terms that are left cannot
 * lift a new document among the best k, they are looked up for the documents that still can be (the MaxScore rule of Turtle
 * and Flood 1995), so the result is that of scoring everything.
 * `norms`: `[documents] float64`, infinite for a removed document.
 */
export function scoreDocuments(
  terms: readonly QueryTerm[],
  k: number,
  ids: readonly string[],
  norms: Float64Array,
  memory: Accumulators,
  allow?: (document: number) => boolean,
): HitHeap {
  memory.sums = grown(memory.sums, ids.length)
  memory.touched = grown(memory.touched, ids.length)
  const { sums, touched } = memory
  const ordered = [...terms].sort((a, b) => b.bound - a.bound || a.frequency - b.frequency)
  const rest = new Float64Array(ordered.length + 1)
  for (let i = ordered.length - 1; i >= 0; i--) rest[i] = (rest[i + 1] + ordered[i].bound) * slack

  const best = (candidates: Uint32Array, size: number): HitHeap => {
    const heap = new HitHeap(Math.min(k, size), ids)
    for (let i = 0; i < size; i++) {
      const document = candidates[i]
      const score = sums[document]
      if ((!heap.full || score >= heap.threshold) && (!allow || allow(document))) heap.offer(document, score)
    }
    return heap
  }

  let size = 0
  let done = 0
  let candidates: Uint32Array = touched
  let candidateCount = 0
  for (; done < ordered.length; done++) {
    const { lists, frequency, weight } = ordered[done]
    // Worth finding the k-th best so far only where the list that may be spared is long.
    if (size >= k && frequency > size >> 2) {
      const heap = best(touched, size)
      if (heap.full && heap.threshold > rest[done]) {
        candidates = new Uint32Array(size)
        for (let i = 0; i < size; i++)
          if ((sums[touched[i]] + rest[done]) * slack >= heap.threshold) candidates[candidateCount++] = touched[i]
        break
      }
    }
    for (const { segment, start, end } of lists) {
      const { documents, counts } = segment
      for (let i = start; i < end; i++) {
        const document = documents[i]
        const norm = norms[document]
        if (norm === Number.POSITIVE_INFINITY) continue
        if (sums[document] === 0) touched[size++] = document
        sums[document] += (weight * counts[i]) / (counts[i] + norm)
      }
    }
  }
  if (done === ordered.length) candidateCount = size
  for (; done < ordered.length; done++) {
    const { lists, weight } = ordered[done]
    for (let i = 0; i < candidateCount; i++) addFrom(lists, candidates[i], weight, sums, norms)
    if (done + 1 < ordered.length && candidateCount > 4 * k) {
      const { full, threshold } = best(candidates, candidateCount)
      let kept = 0
      for (let i = 0; full && i < candidateCount; i++) {
        if ((sums[candidates[i]] + rest[done + 1]) * slack >= threshold) candidates[kept++] = candidates[i]
      }
      if (full) candidateCount = kept
    }
  }
  const heap = best(candidates, candidateCount)
  for (let i = 0; i < size; i++) sums[touched[i]] = 0
  return heap
}

/** The same for a few documents that are known beforehand: every one is looked up in every list. */
export function scoreOnly(
  chosen: Uint32Array,
  terms: readonly QueryTerm[],
  k: number,
  ids: readonly string[],
  norms: Float64Array,
  memory: Accumulators,
): HitHeap {
  memory.sums = grown(memory.sums, ids.length)
  const { sums } = memory
  const ordered = [...terms].sort((a, b) => b.bound - a.bound || a.frequency - b.frequency)
  const heap = new HitHeap(Math.min(k, chosen.length), ids)
  for (const document of chosen) {
    for (const { lists, weight } of ordered) addFrom(lists, document, weight, sums, norms)
    if (sums[document] > 0) heap.offer(document, sums[document])
    sums[document] = 0
  }
  return heap
}

function addFrom(lists: readonly PostingList[], document: number, weight: number, sums: Float64Array, norms: Float64Array): void {
  for (const { segment, start, end } of lists) {
    if (document >= segment.to) continue
    const at = lowerBound(segment.documents, document, start, end)
    if (at < end && segment.documents[at] === document) {
      sums[document] += (weight * segment.counts[at]) / (segment.counts[at] + norms[document])
    }
    return
  }
}
