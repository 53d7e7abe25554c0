import { MsError } from '@ms/core'
import type { HostTensor, Inputs, Parameters } from '@ms/core/tensor'

/** The rows of one table that a batch reads. */
export interface TouchedRows {
  /** Their numbers in the table, each once, in the order of their first use. */
  readonly rows: Int32Array
  /** `[rows.length, width]` copied from the table. Valid until the next call. */
  readonly values: HostTensor<Float32Array>
}

/** Renumbers the row numbers of a batch: one per table and training, so that its arrays are made once. */
export interface RowGatherer {
  /**
   * @param inputs the batch
   * @param names inputs that hold row numbers of this table
   * @returns the touched rows, and the same inputs with numbers into them
   * @throws `weights.row` for a number outside the table
   */
  gather(inputs: Inputs, names: readonly string[]): { touched: TouchedRows; inputs: Inputs }
}

export function rowGatherer(name: string, parameters: Parameters): RowGatherer {
  const table = parameters.get(name)
  if (table?.shape.length !== 2) {
    throw new MsError('weights.missing', `there is no table ${name}`, { where: name, kind: 'failure' })
  }
  const [count, width] = table.shape
  /** Place of a row among the touched ones, valid while `stamps` has the current round. */
  const places = new Int32Array(count)
  const stamps = new Uint32Array(count)
  let round = 0
  /** Memory is taken once: some megabytes at each step would keep the garbage collector busy. */
  let buffer = new Float32Array(0)
  return {
    gather: (inputs, names) => {
      round++
      const total = names.reduce((sum, each) => sum + inputs[each].data.length, 0)
      const rows = new Int32Array(total)
      let used = 0
      const renumbered: Record<string, HostTensor> = { ...inputs }
      for (const each of names) {
        const { data, shape } = inputs[each]
        const numbers = new Int32Array(data.length)
        for (let i = 0; i < data.length; i++) {
          const row = data[i]
          if (!(row >= 0 && row < count)) throw new MsError('weights.row', `${name} has no row ${row}`, { where: each, kind: 'failure' })
          if (stamps[row] !== round) {
            stamps[row] = round
            places[row] = used
            rows[used++] = row
          }
          numbers[i] = places[row]
        }
        renumbered[each] = { shape, data: numbers }
      }
      const touched = rows.slice(0, used)
      if (buffer.length < used * width) buffer = new Float32Array(Math.min(count, 2 * used) * width)
      const data = buffer.subarray(0, used * width)
      for (let i = 0; i < used; i++) data.set(table.data.subarray(touched[i] * width, (touched[i] + 1) * width), i * width)
      return { touched: { rows: touched, values: { shape: [used, width], data } }, inputs: renumbered }
    },
  }
}
