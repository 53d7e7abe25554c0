import type { TokenizedTexts } from './tokenized-texts.js'

/** One batch's way through the table: which rows it touches, and where each text's tokens stand among them. */
export interface Bag {
  /** Table rows the batch touches, each once. */
  readonly rows: Int32Array
  /** For each token of the batch, its place in `rows`. */
  readonly places: Int32Array
  /** `[count + 1]` */
  readonly offsets: Int32Array
}

/** Collects texts (picked from several sources) into a bag. Holds a map of the table's size, so make one and keep it. */
export function bagBuilder(vocabulary: number): (picked: readonly { readonly from: TokenizedTexts; readonly index: number }[]) => Bag {
  const placeOf = new Int32Array(vocabulary).fill(-1)
  return (picked) => {
    const offsets = new Int32Array(picked.length + 1)
    picked.forEach(({ from, index }, i) => {
      offsets[i + 1] = offsets[i] + from.offsets[index + 1] - from.offsets[index]
    })
    const places = new Int32Array(offsets[picked.length])
    const rows: number[] = []
    let at = 0
    for (const { from, index } of picked) {
      for (let t = from.offsets[index]; t < from.offsets[index + 1]; t++) {
        const id = from.ids[t]
        if (placeOf[id] < 0) placeOf[id] = rows.push(id) - 1
        places[at++] = placeOf[id]
      }
    }
    for (const id of rows) placeOf[id] = -1
    return { rows: Int32Array.from(rows), places, offsets }
  }
}

/**
 * Sums each text's rows and scales the sum to length 1; a text without tokens stays zero.
 *
 * @param out `[count, dim]`, overwritten
 * @returns the sums' lengths
 */
export function embedBag(table: Float32Array, dim: number, { rows, places, offsets }: Bag, out: Float64Array): Float64Array {
  const count = offsets.length - 1
  const lengths = new Float64Array(count)
  out.fill(0, 0, count * dim)
  for (let i = 0; i < count; i++) {
    const to = i * dim
    for (let t = offsets[i]; t < offsets[i + 1]; t++) {
      const from = rows[places[t]] * dim
      for (let k = 0; k < dim; k++) out[to + k] += table[from + k]
    }
    let square = 0
    for (let k = to; k < to + dim; k++) square += out[k] * out[k]
    lengths[i] = Math.sqrt(square)
    const scale = lengths[i] > 0 ? 1 / lengths[i] : 0
    for (let k = to; k < to + dim; k++) out[k] *= scale
  }
  return lengths
}

/**
 * The way back: from the gradient at the unit vectors to the gradient of each touched row.
 *
 * @param unit what `embedBag` gave. `[count, dim]`
 * @param gradient at `unit`. `[count, dim]`; changed in place
 * @param out `[rows, dim]`, overwritten
 */
export function backpropagateBag(
  { rows, places, offsets }: Bag,
  unit: Float64Array,
  lengths: Float64Array,
  gradient: Float64Array,
  dim: number,
  out: Float64Array,
): void {
  out.fill(0, 0, rows.length * dim)
  for (let i = 0; i < lengths.length; i++) {
    if (lengths[i] === 0) continue
    const from = i * dim
    let along = 0
    for (let k = from; k < from + dim; k++) along += gradient[k] * unit[k]
    for (let k = from; k < from + dim; k++) gradient[k] = (gradient[k] - along * unit[k]) / lengths[i]
    for (let t = offsets[i]; t < offsets[i + 1]; t++) {
      const to = places[t] * dim
      for (let k = 0; k < dim; k++) out[to + k] += gradient[from + k]
    }
  }
}
