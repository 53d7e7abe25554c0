// A program of its own, run by `TextThreads` in a thread: it opens an encoder and embeds what it is sent.
import { on } from 'node:events'
import { parentPort, workerData } from 'node:worker_threads'
import { MsError } from '@ms/core'
import { createEmbedder } from '../../embedder.js'
import { openEncoderOf } from '../snapshot/open-snapshot.js'
import { rememberFiles } from '../snapshot/remember-files.js'
import type { ThreadAnswer, ThreadData, ThreadRequest } from './thread-messages.js'

const { record, location, contents, memory, options } = workerData as ThreadData
const read = async (name: string): Promise<Uint8Array> => {
  throw new MsError('file.missing', 'this file was not handed to the thread', { where: `${location}/${name}`, kind: 'failure' })
}
const files = rememberFiles({ location, list: async () => record.names, read }, contents)
const embedder = await createEmbedder(await openEncoderOf({ record, graph: new Uint8Array() }, files, { threads: 1, memory }), options)
const answer = (what: ThreadAnswer) => parentPort?.postMessage(what)
if (parentPort) {
  const requests = on(parentPort, 'message')
  answer('ready')
  for await (const [{ texts, role, out }] of requests as AsyncIterable<[ThreadRequest]>) {
    answer(
      await embedder.embed(texts, { role }).then(
        ({ data }) => {
          out.set(data)
          return 'done'
        },
        () => 'failed',
      ),
    )
  }
}
