/** Eigenvalues, largest first, and their unit eigenvectors as rows: `vectors[i * n … (i + 1) * n)`. */
export interface SymmetricEigen {
  readonly values: Float64Array
  readonly vectors: Float64Array
}

/**
 * All eigenpairs of a real symmetric matrix: Householder reduction to tridiagonal form, then QL steps with implicit
 * Wilkinson shifts (Golub and Van Loan, Matrix Computations, §8.3). Each eigenvector's sign is fixed: its entry of
 * largest magnitude is positive.
 *
 * @param matrix `[n, n]` row-major; only its lower triangle is read, and it is not changed
 */
export function symmetricEigen(matrix: Float64Array, n: number): SymmetricEigen {
  const { diagonal, below, basis } = tridiagonalize(matrix, n)
  diagonalize(diagonal, below, basis, n)
  const order = Array.from(diagonal.keys()).sort((a, b) => diagonal[b] - diagonal[a] || a - b)
  const vectors = new Float64Array(n * n)
  order.forEach((from, to) => {
    vectors.set(basis.subarray(from * n, (from + 1) * n), to * n)
    fixSign(vectors.subarray(to * n, (to + 1) * n))
  })
  return { values: Float64Array.from(order, (i) => diagonal[i]), vectors }
}

/** Turns a vector, in place, so that its entry of largest magnitude is positive. */
export function fixSign(vector: Float64Array): void {
  let peak = 0
  for (let k = 0; k < vector.length; k++) if (Math.abs(vector[k]) > Math.abs(vector[peak]) + 1e-12) peak = k
  if (vector[peak] < 0) for (let k = 0; k < vector.length; k++) vector[k] = -vector[k]
}

/** A = Qᵀ T Q with T tridiagonal; Q's rows are kept in `basis`. */
function tridiagonalize(matrix: Float64Array, n: number): { diagonal: Float64Array; below: Float64Array; basis: Float64Array } {
  // Only the lower triangle is kept up to date.
  const a = matrix.slice()
  const below = new Float64Array(n)
  /** Row k: the reflection I − β v vᵀ of step k, from column k + 1 on; β is 0 where there was nothing to reflect. */
  const reflections = new Float64Array(n * n)
  const betas = new Float64Array(n)
  const p = new Float64Array(n)
  for (let k = 0; k < n - 1; k++) {
    const first = a[(k + 1) * n + k]
    let tail = 0
    for (let i = k + 2; i < n; i++) tail += a[i * n + k] ** 2
    below[k] = first
    if (tail === 0) continue
    // Reflect column k below the diagonal onto its first entry.
    const target = first > 0 ? -Math.sqrt(first * first + tail) : Math.sqrt(first * first + tail)
    const v = reflections.subarray(k * n, (k + 1) * n)
    v[k + 1] = first - target
    for (let i = k + 2; i < n; i++) v[i] = a[i * n + k]
    const beta = 2 / (v[k + 1] ** 2 + tail)
    // A ← H A H through p = β A v − (β²/2)(vᵀ A v) v.
    productWithLower(a, n, k + 1, v, p)
    let inner = 0
    for (let i = k + 1; i < n; i++) {
      p[i] *= beta
      inner += p[i] * v[i]
    }
    const half = (beta * inner) / 2
    for (let i = k + 1; i < n; i++) p[i] -= half * v[i]
    for (let i = k + 1; i < n; i++) {
      const [vi, pi] = [v[i], p[i]]
      for (let j = k + 1, at = i * n + k + 1; j <= i; j++, at++) a[at] -= vi * p[j] + pi * v[j]
    }
    below[k] = target
    betas[k] = beta
  }
  return { diagonal: Float64Array.from({ length: n }, (_, i) => a[i * n + i]), below, basis: accumulate(reflections, betas, n) }
}

/** `result[i] = Σⱼ A[i, j] v[j]` for i, j from `start` on, where only the lower triangle of A is there. */
function productWithLower(a: Float64Array, n: number, start: number, v: Float64Array, result: Float64Array): void {
  result.fill(0, start)
  for (let i = start; i < n; i++) {
    const vi = v[i]
    let sum = 0
    for (let j = start, at = i * n + start; j < i; j++, at++) {
      sum += a[at] * v[j]
      result[j] += a[at] * vi
    }
    result[i] += sum + a[i * n + i] * vi
  }
}

/** The product of all reflections, the last one first: from the end on, so that each only touches what later ones have made. */
function accumulate(reflections: Float64Array, betas: Float64Array, n: number): Float64Array {
  const basis = new Float64Array(n * n)
  for (let i = 0; i < n; i++) basis[i * n + i] = 1
  const p = new Float64Array(n)
  for (let k = n - 2; k >= 0; k--) {
    const beta = betas[k]
    if (beta === 0) continue
    const v = reflections.subarray(k * n, (k + 1) * n)
    // Q ← Q H: row i changes by −β (Q v)ᵢ vᵀ.
    for (let i = k + 1; i < n; i++) {
      const row = i * n
      let sum = 0
      for (let j = k + 1; j < n; j++) sum += basis[row + j] * v[j]
      p[i] = beta * sum
    }
    for (let i = k + 1; i < n; i++) {
      const row = i * n
      const factor = p[i]
      for (let j = k + 1; j < n; j++) basis[row + j] -= factor * v[j]
    }
  }
  return basis
}

/** Columns that are turned at a time: with all their rows they stay in the cache. */
const stripe = 32

interface Rotations {
  readonly sines: Float64Array
  readonly cosines: Float64Array
  /** The first and the last one, downwards; rotation i turns rows i and i + 1. */
  readonly from: number
  readonly to: number
}

function rotate(basis: Float64Array, n: number, { sines, cosines, from, to }: Rotations): void {
  for (let first = 0; first < n; first += stripe) {
    const width = Math.min(stripe, n - first)
    for (let i = from; i >= to; i--) {
      const sine = sines[i]
      const cosine = cosines[i]
      const lower = i * n + first
      for (let at = lower; at < lower + width; at++) {
        const x = basis[at + n]
        const y = basis[at]
        basis[at + n] = sine * y + cosine * x
        basis[at] = cosine * y - sine * x
      }
    }
  }
}

/** QL with implicit shifts; the plane rotations are applied to pairs of `basis` rows. */
function diagonalize(diagonal: Float64Array, below: Float64Array, basis: Float64Array, n: number): void {
  const [sines, cosines] = [new Float64Array(n), new Float64Array(n)]
  for (let low = 0; low < n; low++) {
    for (let round = 0; ; round++) {
      let high = low
      while (high < n - 1 && Math.abs(below[high]) > Number.EPSILON * (Math.abs(diagonal[high]) + Math.abs(diagonal[high + 1]))) high++
      // Convergence is cubic; the limit only guards against input that is not finite.
      if (high === low || round === 60) break
      const slope = (diagonal[low + 1] - diagonal[low]) / (2 * below[low])
      const shift = diagonal[low] - below[low] / (slope + Math.sign(slope || 1) * Math.hypot(slope, 1))
      let bulge = diagonal[high] - shift
      let [sine, cosine, carried] = [1, 1, 0]
      let i = high - 1
      for (; i >= low; i--) {
        const [f, b] = [sine * below[i], cosine * below[i]]
        const length = Math.hypot(f, bulge)
        below[i + 1] = length
        if (length === 0) {
          diagonal[i + 1] -= carried
          below[high] = 0
          break
        }
        sine = f / length
        cosine = bulge / length
        const lifted = diagonal[i + 1] - carried
        const mixed = (diagonal[i] - lifted) * sine + 2 * cosine * b
        carried = sine * mixed
        diagonal[i + 1] = lifted + carried
        bulge = cosine * mixed - b
        sines[i] = sine
        cosines[i] = cosine
      }
      rotate(basis, n, { sines, cosines, from: high - 1, to: Math.max(i + 1, low) })
      if (i >= low) continue
      diagonal[low] -= carried
      below[low] = bulge
      below[high] = 0
    }
  }
}
