import { type Embedder, type ModelFiles, MsError, type OnProgress } from '@ms/core'

export interface TeacherOptions {
  /** Where finished blocks are kept, by the hash of the teacher's space and the block's texts: a second run reads them. */
  readonly cache?: ModelFiles
  readonly onProgress?: OnProgress
  readonly signal?: AbortSignal
}

/** Texts of one cache file: small enough to lose little when interrupted, large enough to keep files few. */
const BLOCK = 4096

/**
 * The teacher's embeddings of texts, `[texts, teacher.dim]`, block by block, so that an interrupted run resumes.
 *
 * @throws `distill.teacher` when the teacher gives vectors of another shape or values that are not finite
 */
export async function teacherVectors(teacher: Embedder, texts: readonly string[], options: TeacherOptions = {}): Promise<Float32Array> {
  const { dim } = teacher
  const all = new Float32Array(texts.length * dim)
  for (let start = 0; start < texts.length; start += BLOCK) {
    options.signal?.throwIfAborted()
    const block = texts.slice(start, start + BLOCK)
    const name = options.cache && `${await hash(`${teacher.space}\0${block.join('\0')}`)}.f32`
    const kept = name ? await readBlock(options.cache, name, block.length * dim) : undefined
    if (kept) all.set(kept, start * dim)
    else {
      const { data, count } = await teacher.embed(block, { role: 'document', signal: options.signal })
      if (count !== block.length || data.length !== count * dim || !data.every(Number.isFinite)) {
        throw new MsError('distill.teacher', `the teacher's vectors of texts ${start} … are not ${block.length} finite rows of ${dim}`, {
          kind: 'failure',
          advice: 'Check the teacher with a few texts first.',
        })
      }
      all.set(data, start * dim)
      if (name) await options.cache?.write?.(name, new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    }
    options.onProgress?.({ done: start + block.length, total: texts.length, unit: 'texts' })
  }
  return all
}

/** A block is written whole or not at all, so its length tells whether it is one of ours. */
async function readBlock(cache: ModelFiles | undefined, name: string, length: number): Promise<Float32Array | undefined> {
  const bytes = await cache?.read(name).catch((error: unknown) => {
    if (MsError.isInstance(error) && error.code === 'file.missing') return undefined
    throw error
  })
  return bytes?.length === length * 4 ? new Float32Array(bytes.slice().buffer) : undefined
}

async function hash(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return Array.from(new Uint8Array(digest).subarray(0, 16), (byte) => byte.toString(16).padStart(2, '0')).join('')
}
