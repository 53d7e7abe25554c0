/** Positions of the `k` largest of `scores`, best first; equal scores in the order of positions. NaN is never chosen. */
export function topK(scores: Float32Array | Float64Array | readonly number[], k: number): number[] {
  const size = Math.min(k, scores.length)
  if (size <= 0) return []
  // A heap whose root is the worst of the chosen ones.
  const heap: number[] = []
  const worse = (a: number, b: number) => scores[a] < scores[b] || (scores[a] === scores[b] && a > b)
  const sink = (start: number) => {
    let at = start
    for (;;) {
      let worst = at
      for (const child of [2 * at + 1, 2 * at + 2]) if (child < heap.length && worse(heap[child], heap[worst])) worst = child
      if (worst === at) return
      const kept = heap[at]
      heap[at] = heap[worst]
      heap[worst] = kept
      at = worst
    }
  }
  let threshold = Number.NEGATIVE_INFINITY
  for (let i = 0; i < scores.length; i++) {
    const score = scores[i]
    if (heap.length < size) {
      if (Number.isNaN(score)) continue
      heap.push(i)
      if (heap.length === size) {
        for (let at = (size >> 1) - 1; at >= 0; at--) sink(at)
        threshold = scores[heap[0]]
      }
    } else if (score > threshold) {
      heap[0] = i
      sink(0)
      threshold = scores[heap[0]]
    }
  }
  return heap.sort((a, b) => (worse(a, b) ? 1 : -1))
}
