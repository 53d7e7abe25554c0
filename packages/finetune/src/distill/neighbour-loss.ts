/** Texts that are compared with one another; more cost more and teach little more. */
const blockSize = 128

export interface NeighbourLossOptions {
  /** Similarities are divided by it before the softmax: small means that only the nearest count. */
  readonly temperature: number
  /** What the loss counts for beside others. */
  readonly weight: number
}

/**
 * How far a student is from its teacher in what it holds to be near what: for each text the Kullback–Leibler divergence of the
 * softmax over its similarities to the other texts of its block, teacher against student (relational distillation, Park, Kim, Lu and
 * Cho 2019, in the form of RKD with soft neighbours). A search ranks by similarity, so order among neighbours counts, and not only
 * each text's own place.
 *
 * @param student `[count, dim]` unit rows (or zero)
 * @param teacher `[count, dim]` unit rows
 * @param gradient `[count, dim]`: d loss / d student is added
 * @returns weight · the mean divergence
 */
export function neighbourLoss(
  student: Float64Array,
  teacher: Float64Array,
  count: number,
  dim: number,
  { temperature, weight }: NeighbourLossOptions,
  gradient: Float64Array,
): number {
  let sum = 0
  const wanted = new Float64Array(blockSize * blockSize)
  const found = new Float64Array(blockSize * blockSize)
  for (let start = 0; start < count; start += blockSize) {
    const size = Math.min(blockSize, count - start)
    if (size < 2) continue
    softNeighbours(teacher, start, size, dim, temperature, wanted)
    softNeighbours(student, start, size, dim, temperature, found)
    for (let at = 0; at < size * size; at++) {
      // The diagonal is 0 in both.
      if (wanted[at] > 0) sum += wanted[at] * Math.log(wanted[at] / found[at])
      found[at] = ((found[at] - wanted[at]) * weight) / (temperature * count)
    }
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < i; j++) {
        const pull = found[i * size + j] + found[j * size + i]
        const [a, b] = [(start + i) * dim, (start + j) * dim]
        for (let k = 0; k < dim; k++) {
          gradient[a + k] += pull * student[b + k]
          gradient[b + k] += pull * student[a + k]
        }
      }
    }
  }
  return (weight * sum) / count
}

/** For each row of a block the softmax over its similarities to the others. `out [size, size]`, the diagonal 0. */
function softNeighbours(rows: Float64Array, start: number, size: number, dim: number, temperature: number, out: Float64Array): void {
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < i; j++) {
      const [a, b] = [(start + i) * dim, (start + j) * dim]
      let dot = 0
      for (let k = 0; k < dim; k++) dot += rows[a + k] * rows[b + k]
      // Never 0, so that no quotient of two of them is without end.
      out[i * size + j] = out[j * size + i] = Math.exp((dot - 1) / temperature)
    }
    out[i * size + i] = 0
  }
  for (let i = 0; i < size; i++) {
    let total = 0
    for (let j = 0; j < size; j++) total += out[i * size + j]
    for (let j = 0; j < size; j++) out[i * size + j] /= total
  }
}
