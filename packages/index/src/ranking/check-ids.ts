import { MsError } from '@ms/core'

/** @throws `index.id` for what is not a text or is empty */
export function checkIds(ids: readonly string[]): void {
  for (let i = 0; i < ids.length; i++) {
    const id: unknown = ids[i]
    if (typeof id !== 'string' || id === '') {
      throw new MsError('index.id', `the id at position ${i} is ${id === '' ? 'empty' : `a ${typeof id}`}`, {
        where: `ids[${i}]`,
        advice: 'An id is a text that is not empty.',
      })
    }
  }
}
