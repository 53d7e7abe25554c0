/** Positions of the `k` largest of `scores`, best first; equal scores in the order of positions. NaN is never chosen. */
export function topK(scores: Float32Array | Float64Array | readonly number[], k: number): number[] {
  const size = Math.min(k, scores.length)
  if (size <= 0) return []
  // A heap whose root is the worst of the chosen ones.
  const heap: number[] = []
  const worse = (a: number, b: number) => scores[a] < scores[b] || (scores[a] === scores[b] && a > b)
  const sink = (start: number) => {
    const moved = heap[start]
    let at = start
    for (let child = 2 * at + 1; child < heap.length; child = 2 * at + 1) {
      if (child + 1 < heap.length && worse(heap[child + 1], heap[child])) child++
      if (!worse(heap[child], moved)) break
      heap[at] = heap[child]
      at = child
    }
    heap[at] = moved
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
