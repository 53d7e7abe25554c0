import type { ModelFiles } from '@ms/core'
import { toFloat32 } from '../checkpoint/checkpoint-tensor.js'
import { type OpenCheckpointOptions, openCheckpoint } from '../checkpoint/open-checkpoint.js'

/**
 * The factor that a CLIP has learned for the cosines of texts and pictures, the inverse of its temperature: what the scale of a
 * loss begins with when it is tuned. undefined: the checkpoint has none.
 *
 * @throws what `openCheckpoint` throws
 */
export async function clipLogitScale(files: ModelFiles, options: OpenCheckpointOptions = {}): Promise<number | undefined> {
  const entries = await openCheckpoint(files, options)
  const entry = entries.get('logit_scale') ?? entries.get('clip.logit_scale')
  const value = entry ? toFloat32(entry.tensor)[0] : undefined
  return value === undefined || !Number.isFinite(value) ? undefined : Math.exp(value)
}
