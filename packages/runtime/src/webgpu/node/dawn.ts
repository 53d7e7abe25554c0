import { MsError } from '@ms/core'

/** The part of WebGPU that we look at. */
export interface GpuAdapter {
  readonly isFallbackAdapter?: boolean
  readonly info?: {
    readonly vendor?: string
    readonly architecture?: string
    readonly description?: string
    readonly isFallbackAdapter?: boolean
  }
}

export interface Gpu {
  requestAdapter(options?: object): Promise<GpuAdapter | null>
}

const key = Symbol.for('ms.runtime.dawn')

/**
 * WebGPU for Node: as `navigator.gpu` and its constants on `globalThis`, as a browser has them, because that is where
 * TensorFlow.js looks. They stay, as libraries that were loaded do.
 *
 * @throws `engine.unusable` where the optional package `webgpu` is not there or does not load
 */
export async function startDawn(): Promise<Gpu> {
  const holder: { [key]?: Gpu } & typeof globalThis = globalThis
  if (holder[key]) return holder[key]
  const { create, globals } = await import('webgpu').catch((cause: unknown) => {
    const missing = (cause as { code?: string }).code === 'ERR_MODULE_NOT_FOUND'
    const reason = missing ? 'the package webgpu is not installed' : `the package webgpu does not load: ${firstLine(cause)}`
    throw new MsError('engine.unusable', reason, {
      where: 'webgpu-eager',
      advice: 'npm install webgpu @tensorflow/tfjs-backend-webgpu',
      kind: 'failure',
      cause,
      details: { engine: 'webgpu-eager', reason },
    })
  })
  for (const [name, value] of Object.entries(globals)) if (!(name in globalThis)) Object.assign(globalThis, { [name]: value })
  const gpu = create([]) as unknown as Gpu
  const navigator = (globalThis as { navigator?: object }).navigator
  if (navigator) Object.defineProperty(navigator, 'gpu', { configurable: true, value: gpu })
  else Object.defineProperty(globalThis, 'navigator', { configurable: true, writable: true, value: { gpu } })
  holder[key] = gpu
  return gpu
}

const firstLine = (cause: unknown) => (cause instanceof Error ? cause.message : String(cause)).split('\n')[0]
