import type { CheckpointTensor } from './checkpoint-tensor.js'
import { readSafetensors } from './read-safetensors.js'
import { isTorchFile, readTorch } from './torch/read-torch.js'

/**
 * The tensors of one checkpoint file, whatever it is called: its first bytes say whether torch.save wrote it or it is safetensors.
 * @throws what `readTorch` and `readSafetensors` throw
 */
export function readCheckpointFile(bytes: Uint8Array, where: string): ReadonlyMap<string, CheckpointTensor> {
  return isTorchFile(bytes) ? readTorch(bytes, where) : readSafetensors(bytes, where).tensors
}
