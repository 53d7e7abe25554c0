import { MsError } from '@ms/core'
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm'
import { addActivations } from './activations.js'
import { ModuleBuilder, type Value } from './assembler.js'
import { addBagKernels } from './bags.js'
import { addGemm } from './gemm.js'
import { f32x4, v128 } from './instructions.js'
import { addRowKernels } from './rows.js'

/** Our own kernels, working on the memory of TensorFlow.js' wasm module. */
export interface SimdModule {
  /** For other threads, which instantiate it on the same memory. */
  readonly code: WebAssembly.Module
  readonly memory: WebAssembly.Memory
  readonly call: Readonly<Record<string, (...numbers: number[]) => void>>
  /** Memory of our own beside the tensors. Returns its address. */
  reserve(bytes: number): number
  /** Frees what was reserved. */
  release(): void
}

/** @throws `engine.unusable` where there is no SIMD, or TensorFlow.js' module does not give its memory away */
export function loadSimdModule(backend: BackendWasm): SimdModule {
  const { memory, malloc, free } = memoryOf(backend)
  const builder = new ModuleBuilder()
  addGemm(builder, { relaxed: hasRelaxedSimd() })
  for (const add of [addActivations, addRowKernels, addBagKernels]) add(builder)
  const bytes = builder.encode(memory.buffer instanceof SharedArrayBuffer)
  if (!WebAssembly.validate(bytes))
    throw unusable('WebAssembly SIMD is missing', 'Use a browser or Node of 2023 or later, or another engine')
  // Some kB: quicker than a round through the event loop.
  const code = new WebAssembly.Module(bytes)
  const instance = new WebAssembly.Instance(code, { env: { memory } })
  const reserved: number[] = []
  return {
    code,
    memory,
    call: instance.exports as SimdModule['call'],
    reserve: (size) => {
      const address = malloc(size) >>> 0
      reserved.push(address)
      return address
    },
    release: () => {
      for (const address of reserved.splice(0)) free(address)
    },
  }
}

/** Whether WebAssembly has 128-bit vectors here. */
export function hasSimd(): boolean {
  return understands(v128.const(0))
}

/** Whether it has the relaxed vector instructions (Node 22, browsers of 2023). */
function hasRelaxedSimd(): boolean {
  const zero = v128.const(0)
  return understands(f32x4.relaxedMultiplyAdd(zero, zero, zero))
}

function understands(value: Value): boolean {
  const builder = new ModuleBuilder()
  builder.add('probe', ['i32'], (f, [address]) => f.store(address, value))
  return WebAssembly.validate(builder.encode(false))
}

interface ModuleMemory {
  readonly memory: WebAssembly.Memory
  malloc(bytes: number): number
  free(address: number): void
}

/** Emscripten's module object has its memory under one of two names, with and without threads; tfjs declares neither. */
function memoryOf({ wasm }: BackendWasm): ModuleMemory {
  const module: { wasmMemory?: unknown; asm?: { memory?: unknown }; _malloc?: unknown; _free?: unknown } = Object(wasm)
  const memory = module.wasmMemory ?? module.asm?.memory
  const { _malloc: malloc, _free: free } = module
  if (!(memory instanceof WebAssembly.Memory) || typeof malloc !== 'function' || typeof free !== 'function') {
    throw unusable("the memory of TensorFlow.js' wasm module is not where it was in 4.22", 'Install @tensorflow/tfjs-backend-wasm 4.22.0')
  }
  return { memory, malloc: (bytes) => Number(malloc(bytes)), free: (address) => void free(address) }
}

function unusable(reason: string, advice: string): MsError {
  return new MsError('engine.unusable', `the wasm engine does not run here: ${reason}`, {
    where: 'wasm',
    advice,
    kind: 'failure',
    details: { engine: 'wasm', reason },
  })
}
