import { MsError } from '@ms/core'
import type { TorchContents } from './read-torch.js'
import { unpickleTensors } from './tensor-pickle.js'
import { zipEntries } from './zip-entries.js'

/** torch's format since 1.6: `NAME/data.pkl`, and the numbers of storage k in `NAME/data/k`. */
export function zipContents(bytes: Uint8Array, where: string): TorchContents {
  const entries = zipEntries(bytes, where)
  const pickle = [...entries.keys()].find((name) => /^[^/]+\/data\.pkl$/.test(name))
  const folder = pickle?.slice(0, -'data.pkl'.length)
  const data = pickle && entries.get(pickle)
  if (!data) {
    throw new MsError('checkpoint.contents', 'the archive has no data.pkl, so torch.save did not write it', {
      where,
      advice: 'Name a file that torch.save wrote.',
    })
  }
  const order = entries.get(`${folder}byteorder`)
  if (order && new TextDecoder().decode(order) !== 'little') {
    throw new MsError('checkpoint.endian', 'the numbers are big-endian', {
      where,
      advice: 'Save the file on a machine with little-endian numbers.',
    })
  }
  return { root: unpickleTensors(data, 0, where).value, storage: (key) => entries.get(`${folder}data/${key}`) }
}
