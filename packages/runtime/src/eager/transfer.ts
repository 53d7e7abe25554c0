import { MsError } from '@ms/core'
import type { HostTensor, Inputs, Parameters } from '@ms/core/tensor'
import * as tf from '@tensorflow/tfjs-core'
import { hostType } from '../host-type.js'

/** Host memory → a tensor of the active backend. @throws `tensor.shape` */
export function upload(name: string, { shape, data }: HostTensor): tf.Tensor {
  const size = shape.reduce((product, dim) => product * dim, 1)
  if (size !== data.length) {
    throw new MsError('tensor.shape', `shape [${shape}] holds ${size} values, the array has ${data.length}`, {
      where: name,
      advice: 'Hand over an array that fills the shape',
      details: { name, shape: [...shape], length: data.length },
    })
  }
  return tf.tensor(data, [...shape], hostType(data))
}

export function uploadInputs(inputs: Inputs): Record<string, tf.Tensor> {
  return Object.fromEntries(Object.entries(inputs).map(([name, value]) => [name, upload(name, value)]))
}

/**
 * Uploads what may outlive this call. The cpu backend works on the caller's own array, so a constant is copied there:
 * else a later change of the array would change it.
 */
export function uploadConstants(constants: Parameters, copy: boolean): Map<string, tf.Tensor> {
  const tensors = new Map<string, tf.Tensor>()
  try {
    for (const [name, { shape, data }] of constants) tensors.set(name, tf.keep(upload(name, { shape, data: copy ? data.slice() : data })))
  } catch (error) {
    tf.dispose([...tensors.values()])
    throw error
  }
  return tensors
}

/**
 * A tensor → host memory of the caller's own. Bool becomes int32.
 *
 * @param copy whether the backend hands out its own array instead of a copy
 */
export async function download(tensor: tf.Tensor, copy: boolean): Promise<HostTensor> {
  const data = await tensor.data()
  const shape = tensor.shape
  if (data instanceof Uint8Array) return { shape, data: Int32Array.from(data) }
  return { shape, data: copy ? data.slice() : data }
}

export async function downloadFloats(tensor: tf.Tensor, copy: boolean): Promise<HostTensor<Float32Array>> {
  const { shape, data } = await download(tensor, copy)
  return { shape, data: data instanceof Float32Array ? data : Float32Array.from(data) }
}
