/**
 * How far a student's embeddings are from the teacher's: `mean(1 − cos)`.
 *
 * @param student `[count, dim]` unit rows (or zero)
 * @param teacher `[count, dim]` unit rows
 * @param gradient `[count, dim]`, overwritten: d loss / d student
 * @returns the loss, 0 … 2
 */
export function cosineLoss(student: Float64Array, teacher: Float64Array, count: number, dim: number, gradient: Float64Array): number {
  let cosines = 0
  for (let i = 0; i < count * dim; i++) {
    cosines += student[i] * teacher[i]
    gradient[i] = -teacher[i] / count
  }
  return 1 - cosines / count
}
