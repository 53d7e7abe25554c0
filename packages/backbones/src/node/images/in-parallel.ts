/** Does `work` for 0 … count − 1, `width` at a time; results in order. After the first failure nothing more is begun. */
export async function inParallel<T>(count: number, width: number, work: (i: number) => Promise<T>): Promise<T[]> {
  const results = new Array<T>(count)
  let next = 0
  let failed = false
  const worker = async () => {
    while (next < count && !failed) {
      const i = next++
      try {
        results[i] = await work(i)
      } catch (error) {
        failed = true
        throw error
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(width, count) }, worker))
  return results
}
