import { MsError } from '@ms/core'
import { describe, expect, it } from 'vitest'
import { backendFailure } from './backend-failure.js'

describe('backendFailure', () => {
  it.each([
    'Invalid TF_Status: 8\nMessage: OOM when allocating tensor with shape[4096,4096] and type float on /device:GPU:0 by allocator GPU_0_bfc',
    'Invalid TF_Status: 13\nMessage: Failed copying input tensor from CPU:0 to GPU:0: Dst tensor is not initialized.',
    'std::bad_alloc',
    'Array buffer allocation failed',
    'Aborted(Cannot enlarge memory arrays to size 4295032832 bytes (OOM))',
  ])('knows what no memory looks like: %s', (message) => {
    expect(backendFailure('native-gpu', new Error(message))).toMatchObject({ code: 'engine.out-of-memory', kind: 'failure' })
  })

  it.each([
    'CUDA_ERROR_ILLEGAL_ADDRESS: an illegal memory access was encountered',
    'failed to query event: CUDA_ERROR_LAUNCH_FAILED: unspecified launch failure',
    'A valid external Instance reference no longer exists: Device is lost.',
  ])('knows what a device that has gone looks like: %s', (message) => {
    expect(backendFailure('webgpu', new Error(message))).toMatchObject({ code: 'engine.device-lost', where: 'webgpu' })
  })

  it('leaves everything else alone', () => {
    const own = new MsError('tensor.row', 'row 9 of a table of 4 rows')
    const other = new Error("Kernel 'FFT' not registered for backend 'wasm'")
    expect(backendFailure('cpu', own)).toBe(own)
    expect(backendFailure('cpu', other)).toBe(other)
  })
})
