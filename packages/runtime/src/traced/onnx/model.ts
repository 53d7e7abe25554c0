import { MsError } from '@ms/core'
import type { Attribute, Attributes, ElementType } from '../graph.js'
import { Message } from './protobuf.js'

/** A model as ONNX sees it: everything is referred to by name. Field numbers below are those of onnx.proto3. */
export interface OnnxModel {
  readonly nodes: readonly OnnxNode[]
  readonly inputs: readonly OnnxTensorType[]
  readonly outputs: readonly OnnxTensorType[]
  readonly initializers: readonly OnnxTensor[]
}

export interface OnnxNode {
  readonly op: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes: Attributes
}

export interface OnnxTensorType {
  readonly name: string
  readonly dtype: ElementType
  /** Symbolic sizes are names. */
  readonly shape: readonly (number | string)[]
}

export interface OnnxTensor {
  readonly name: string
  readonly dtype: ElementType
  readonly shape: readonly number[]
  /** Its numbers; or where they lie outside the model, in bytes. Offset: by default 0. */
  readonly data: TensorData | { readonly location: string; readonly offset?: number; readonly length: number }
}

export type TensorData = Float32Array | Int32Array | BigInt64Array | Uint8Array | Int8Array

const elementTypes: Record<ElementType, number> = { float32: 1, uint8: 2, int8: 3, int32: 6, int64: 7, bool: 9 }

/** LayerNormalization is of 17, reductions with axes as an input of 18, Gelu of 20. */
const opset = 20
const irVersion = 9

/** Protocol buffers end at two gigabytes. */
const largestModel = 2 ** 31 - 1

const attribute = (name: string, value: Attribute): Message => {
  const message = new Message().text(1, name)
  if (typeof value === 'string') return message.text(4, value).integer(20, 3)
  if (typeof value === 'number') return message.integer(3, value).integer(20, 2)
  if ('float' in value) return message.float(2, value.float).integer(20, 1)
  for (const item of value) message.integer(8, item)
  return message.integer(20, 7)
}

/** An operator that is not ONNX's own is written `domain::name`. */
function operator(op: string): { domain: string; name: string } {
  const at = op.indexOf('::')
  return at < 0 ? { domain: '', name: op } : { domain: op.slice(0, at), name: op.slice(at + 2) }
}

const node = ({ op, inputs, outputs, attributes }: OnnxNode): Message => {
  const message = new Message()
  for (const name of inputs) message.text(1, name)
  for (const name of outputs) message.text(2, name)
  const { domain, name } = operator(op)
  message.text(3, outputs[0]).text(4, name)
  if (domain) message.text(7, domain)
  for (const [name, value] of Object.entries(attributes)) message.message(5, attribute(name, value))
  return message
}

const bytesOf = (data: TensorData) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength)

const tensor = ({ name, dtype, shape, data }: OnnxTensor): Message => {
  const message = new Message()
  for (const size of shape) message.integer(1, size)
  message.integer(2, elementTypes[dtype]).text(8, name)
  if (!('location' in data)) return message.bytes(9, bytesOf(data))
  const entries = { location: data.location, offset: String(data.offset ?? 0), length: String(data.length) }
  for (const [key, value] of Object.entries(entries)) message.message(13, new Message().text(1, key).text(2, value))
  return message.integer(14, 1)
}

const tensorType = ({ name, dtype, shape }: OnnxTensorType): Message => {
  const sizes = new Message()
  for (const size of shape) sizes.message(1, typeof size === 'string' ? new Message().text(2, size) : new Message().integer(1, size))
  const type = new Message().message(1, new Message().integer(1, elementTypes[dtype]).message(2, sizes))
  return new Message().text(1, name).message(2, type)
}

/** The bytes of an ONNX file. @throws `onnx.too-large` beyond two gigabytes */
export function encodeModel({ nodes, inputs, outputs, initializers }: OnnxModel): Uint8Array {
  const graph = new Message()
  for (const one of nodes) graph.message(1, node(one))
  graph.text(2, 'graph')
  for (const one of initializers) graph.message(5, tensor(one))
  for (const one of inputs) graph.message(11, tensorType(one))
  for (const one of outputs) graph.message(12, tensorType(one))
  const model = new Message()
    .integer(1, irVersion)
    .text(2, '@ms/runtime')
    .message(7, graph)
    .message(8, new Message().text(1, '').integer(2, opset))
  for (const domain of new Set(nodes.map(({ op }) => operator(op).domain))) {
    if (domain) model.message(8, new Message().text(1, domain).integer(2, 1))
  }
  if (model.length > largestModel) {
    throw new MsError('onnx.too-large', `the model has ${model.length} bytes, an ONNX file at most ${largestModel}`, {
      advice: 'Keep its weights outside the file, or make it smaller.',
      kind: 'failure',
    })
  }
  return model.toBytes()
}
