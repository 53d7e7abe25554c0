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
    let peak = 0
    for (let k = 0; k < n; k++) if (Math.abs(basis[from * n + k]) > Math.abs(basis[from * n + peak]) + 1e-12) peak = k
    const sign = basis[from * n + peak] < 0 ? -1 : 1
    for (let k = 0; k < n; k++) vectors[to * n + k] = sign * basis[from * n + k]
  })
  return { values: Float64Array.from(order, (i) => diagonal[i]), vectors }
}

/** A = Qᵀ T Q with T tridiagonal; Q's rows are kept in `basis`. */
function tridiagonalize(matrix: Float64Array, n: number): { diagonal: Float64Array; below: Float64Array; basis: Float64Array } {
  const a = new Float64Array(n * n)
  for (let i = 0; i < n; i++) for (let j = 0; j <= i; j++) a[i * n + j] = a[j * n + i] = matrix[i * n + j]
  const basis = new Float64Array(n * n)
  for (let i = 0; i < n; i++) basis[i * n + i] = 1
  const below = new Float64Array(n)
  const v = new Float64Array(n)
  const p = new Float64Array(n)
  for (let k = 0; k < n - 2; k++) {
    // Reflect column k below the diagonal onto its first entry: H = I − β v vᵀ.
    let tail = 0
    for (let i = k + 2; i < n; i++) tail += a[i * n + k] ** 2
    if (tail === 0) continue
    const first = a[(k + 1) * n + k]
    const target = first > 0 ? -Math.sqrt(first * first + tail) : Math.sqrt(first * first + tail)
    v[k + 1] = first - target
    for (let i = k + 2; i < n; i++) v[i] = a[i * n + k]
    const beta = 2 / (v[k + 1] ** 2 + tail)
    // A ← H A H through p = β A v − (β²/2)(vᵀ A v) v.
    let inner = 0
    for (let i = k + 1; i < n; i++) {
      let sum = 0
      for (let j = k + 1; j < n; j++) sum += a[i * n + j] * v[j]
      p[i] = beta * sum
      inner += p[i] * v[i]
    }
    const half = (beta * inner) / 2
    for (let i = k + 1; i < n; i++) p[i] -= half * v[i]
    for (let i = k + 1; i < n; i++) for (let j = k + 1; j < n; j++) a[i * n + j] -= v[i] * p[j] + p[i] * v[j]
    a[(k + 1) * n + k] = a[k * n + k + 1] = target
    // Q ← H Q.
    p.fill(0)
    for (let i = k + 1; i < n; i++) for (let j = 0; j < n; j++) p[j] += beta * v[i] * basis[i * n + j]
    for (let i = k + 1; i < n; i++) for (let j = 0; j < n; j++) basis[i * n + j] -= v[i] * p[j]
  }
  for (let k = 0; k < n - 1; k++) below[k] = a[(k + 1) * n + k]
  return { diagonal: Float64Array.from({ length: n }, (_, i) => a[i * n + i]), below, basis }
}

/** QL with implicit shifts; the plane rotations are applied to pairs of `basis` rows. */
function diagonalize(diagonal: Float64Array, below: Float64Array, basis: Float64Array, n: number): void {
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
        const [upper, lower] = [(i + 1) * n, i * n]
        for (let k = 0; k < n; k++) {
          const [x, y] = [basis[upper + k], basis[lower + k]]
          basis[upper + k] = sine * y + cosine * x
          basis[lower + k] = cosine * y - sine * x
        }
      }
      if (i >= low) continue
      diagonal[low] -= carried
      below[low] = bulge
      below[high] = 0
    }
  }
}
