import type { HostTensor } from '@ms/core/tensor'

/** Smaller arrays are left to the garbage collector: there is little to win. */
const worthwhileBytes = 65_536

let closed: MessagePort | undefined

/**
 * Gives the memory of tensors back now, for their owner who needs them no more: their arrays have no elements afterwards. What each step of a
 * training returns (the gradients of all weights) else piles up until the garbage collector comes, which then comes every few steps, and
 * the next results lie in memory that the system has yet to hand out page by page.
 *
 * Small arrays, and arrays that are but a part of their buffer, stay as they are.
 */
export function releaseMemory(tensors: Iterable<Pick<HostTensor, 'data'>>): void {
  const buffers = new Set<ArrayBuffer>()
  for (const {
    data: { buffer, byteLength },
  } of tensors) {
    if (byteLength >= worthwhileBytes && byteLength === buffer.byteLength && buffer instanceof ArrayBuffer) buffers.add(buffer)
  }
  if (buffers.size === 0) return
  // A port that is closed drops what is handed over to it. (ArrayBuffer.transfer, which does the same, begins with Node 22.)
  closed ??= closedPort()
  closed.postMessage(null, [...buffers])
}

function closedPort(): MessagePort {
  const { port1 } = new MessageChannel()
  port1.close()
  return port1
}
