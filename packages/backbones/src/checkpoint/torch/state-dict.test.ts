import { expect, it } from 'vitest'
import { stateDict } from './state-dict.js'
import type { TensorReference } from './tensor-pickle.js'

const storage: TensorReference['storage'] = { kind: 'storage', key: '0', dtype: 'F32', length: 1 }
const tensor: TensorReference = { kind: 'tensor', storage, offset: 0, shape: [1], strides: [1] }

it('is found beside tensors that are not of the model', () => {
  const saved = new Map<string, TensorReference | Map<string, TensorReference>>([
    ['epoch', tensor],
    ['state_dict', new Map([['conv1.weight', tensor]])],
  ])
  expect([...stateDict(saved, 'best.pth').keys()]).toEqual(['conv1.weight'])
  expect([...stateDict(new Map([['fc.bias', tensor]]), 'plain.pth').keys()]).toEqual(['fc.bias'])
  expect(() => stateDict(new Map([['epoch', 4]]), 'none.pth')).toThrow(expect.objectContaining({ code: 'checkpoint.contents' }))
})
