import { MsError } from '@ms/core'
import { type BackendValues, type DataId, type DataType, engine, KernelBackend, type Tensor, type TensorInfo } from '@tensorflow/tfjs-core'
import type { ElementType } from './graph.js'
import type { Recorded, Recorder } from './recorder.js'

/** The ONNX type of a TensorFlow.js tensor. */
export function elementType(dtype: DataType): ElementType {
  if (dtype === 'float32' || dtype === 'int32' || dtype === 'bool') return dtype
  throw new MsError('engine.op-unsupported', `tensors of type '${dtype}' cannot be recorded`, {
    advice: 'Use float32, int32 or bool tensors in tensor functions.',
    kind: 'failure',
    details: { dtype },
  })
}

const describe = (value: Recorded) =>
  value.kind === 'result' ? `the result of '${value.node.op}'` : value.kind === 'constant' ? 'a constant' : `'${value.name}'`

/** A TensorFlow.js backend that computes nothing: a tensor stands for a value of the graph that is being recorded. */
export class TraceBackend extends KernelBackend {
  readonly #values = new Map<DataId, Recorded>()
  readonly #read = new Map<DataId, BackendValues>()

  constructor(readonly recorder: Recorder) {
    super()
  }

  /** The graph value behind a tensor. A tensor of another backend, made before, becomes a constant. */
  recorded({ dataId, shape, dtype }: TensorInfo): Recorded {
    const known = this.#values.get(dataId)
    if (known) return known
    return this.recorder.constant(engine().readSync(dataId) as ArrayLike<number>, elementType(dtype), [...shape])
  }

  /** What a kernel returns for a graph value. */
  tensorInfo(value: Recorded): TensorInfo {
    const dataId = {}
    this.#values.set(dataId, value)
    return { dataId, shape: [...value.shape], dtype: value.dtype === 'float32' || value.dtype === 'bool' ? value.dtype : 'int32' }
  }

  symbolic(value: Recorded): Tensor {
    return engine().makeTensorFromTensorInfo(this.tensorInfo(value), this)
  }

  override write(values: BackendValues, shape: number[], dtype: DataType): DataId {
    const dataId = {}
    this.move(dataId, values, shape, dtype)
    return dataId
  }

  override move(dataId: DataId, values: BackendValues, shape: number[], dtype: DataType): void {
    this.#values.set(dataId, this.recorder.constant(values as ArrayLike<number>, elementType(dtype), [...shape]))
    this.#read.set(dataId, values)
  }

  /** Only what JavaScript wrote can be read. */
  override readSync(dataId: DataId): BackendValues {
    const written = this.#read.get(dataId)
    if (written) return written
    const value = this.#values.get(dataId)
    throw new MsError(
      'engine.value-read',
      `${value ? describe(value) : 'a tensor'} was read, but values cannot be read in a tensor function`,
      {
        advice: 'A tensor function is recorded before any number is known: compute with tensors, or hand over what it needs as an input.',
      },
    )
  }

  override async read(dataId: DataId): Promise<BackendValues> {
    return this.readSync(dataId)
  }

  override disposeData(dataId: DataId): boolean {
    this.#values.delete(dataId)
    this.#read.delete(dataId)
    return true
  }

  override numDataIds(): number {
    return this.#values.size
  }

  override refCount(): number {
    return 1
  }

  override incRef(): void {}

  override memory(): { unreliable: boolean } {
    return { unreliable: true }
  }

  override timerAvailable(): boolean {
    return false
  }

  override floatPrecision(): 32 {
    return 32
  }

  override epsilon(): number {
    return 1e-7
  }

  override dispose(): void {
    this.#values.clear()
    this.#read.clear()
  }
}
