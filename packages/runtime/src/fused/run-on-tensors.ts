import * as tf from '@tensorflow/tfjs-core'
import { type Elementwise, inOrder } from './elementwise.js'
import type { Expression } from './expression.js'

const unary = { sqrt: tf.sqrt, abs: tf.abs } as const
const binary = { add: tf.add, sub: tf.sub, mul: tf.mul, div: tf.div, max: tf.maximum } as const

/**
 * An elementwise update in TensorFlow.js ops, for engines whose weights live on a device.
 *
 * @param scalars numbers, or scalar tensors where the function is recorded and they change from call to call
 * @returns the new values of the arrays that are updated; nothing is changed in place
 */
export function runOnTensors<A extends string, S extends string>(
  update: Elementwise<A, S>,
  arrays: Readonly<Record<A, tf.Tensor>>,
  scalars: Readonly<Record<S, number | tf.Scalar>>,
): Partial<Record<A, tf.Tensor>> {
  const values = new Map<Expression, tf.Tensor>()
  const asTensor = (value: number | tf.Scalar) => (typeof value === 'number' ? tf.scalar(value) : value)
  for (const node of inOrder(update)) {
    switch (node.kind) {
      case 'array':
        values.set(node, arrays[node.name as A])
        break
      case 'scalar':
        values.set(node, asTensor(scalars[node.name as S]))
        break
      case 'constant':
        values.set(node, tf.scalar(node.value))
        break
      case 'unary':
        values.set(node, unary[node.operation](values.get(node.x)!))
        break
      case 'binary':
        values.set(node, binary[node.operation](values.get(node.a)!, values.get(node.b)!))
    }
  }
  const result: Partial<Record<A, tf.Tensor>> = {}
  for (const name of update.arrays) {
    const node = update.updates[name]
    if (node) result[name] = values.get(node)!
  }
  return result
}
