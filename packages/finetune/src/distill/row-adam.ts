/** Adam (Kingma and Ba 2015) that updates only the rows of a table that a step touches ("lazy" Adam). */
export interface RowAdam {
  /**
   * @param rows touched rows, each once
   * @param gradient `[rows, dim]`
   */
  step(rows: Int32Array, gradient: Float64Array, learningRate: number): void
}

/** @param table `[count, dim]`, updated in place */
export function rowAdam(table: Float32Array, dim: number, { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = {}): RowAdam {
  const mean = new Float32Array(table.length)
  const square = new Float32Array(table.length)
  let steps = 0
  return {
    step(rows, gradient, learningRate) {
      steps++
      const correction1 = 1 - beta1 ** steps
      const correction2 = 1 - beta2 ** steps
      const rate = (learningRate * Math.sqrt(correction2)) / correction1
      const floor = epsilon * Math.sqrt(correction2)
      for (let r = 0, g = 0; r < rows.length; r++) {
        const start = rows[r] * dim
        for (let k = start; k < start + dim; k++, g++) {
          const slope = gradient[g]
          mean[k] = beta1 * mean[k] + (1 - beta1) * slope
          square[k] = beta2 * square[k] + (1 - beta2) * slope * slope
          table[k] -= (rate * mean[k]) / (Math.sqrt(square[k]) + floor)
        }
      }
    },
  }
}
