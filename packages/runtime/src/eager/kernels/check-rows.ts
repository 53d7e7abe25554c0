import { MsError } from '@ms/core'

/** Loops over raw memory must not be led outside it. @throws `tensor.row` */
export function checkRows(ids: Int32Array, rows: number): void {
  for (let at = 0; at < ids.length; at++) {
    if (ids[at] < 0 || ids[at] >= rows) {
      throw new MsError('tensor.row', `row ${ids[at]} of a table of ${rows} rows`, {
        where: `ids[${at}]`,
        advice: 'Check that the token ids belong to the vocabulary of this model',
        details: { id: ids[at], rows },
      })
    }
  }
}
