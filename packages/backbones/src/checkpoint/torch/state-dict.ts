import { MsError } from '@ms/core'
import { isTensor, type TensorReference, type TorchValue } from './tensor-pickle.js'

/** Where training programs put the state dict beside epoch and optimiser. */
const places = ['state_dict', 'model', 'model_state_dict']

/** The tensors by name: of the dictionary that was saved, or of the one inside it that holds the model. */
export function stateDict(root: TorchValue, where: string): Map<string, TensorReference> {
  // Beside the state dict there may be tensors, too: the epoch, a learned threshold.
  for (const place of places) {
    const inner = tensorsOf((root instanceof Map && root.get(place)) || null)
    if (inner.size > 0) return inner
  }
  const found = tensorsOf(root)
  if (found.size > 0) return found
  throw new MsError('checkpoint.contents', 'there are no tensors by name in the file', {
    where,
    advice: `Save a state dict, or a dictionary with one as ${places.join(', ')}.`,
  })
}

function tensorsOf(value: TorchValue): Map<string, TensorReference> {
  const tensors = new Map<string, TensorReference>()
  if (!(value instanceof Map)) return tensors
  for (const [name, tensor] of value) if (typeof name === 'string' && isTensor(tensor)) tensors.set(name, tensor)
  return tensors
}
