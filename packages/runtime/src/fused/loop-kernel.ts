import { type Elementwise, inOrder } from './elementwise.js'
import type { BinaryOperation, Expression, UnaryOperation } from './expression.js'
import { blockSize } from './fused-memory.js'
import type { Kernel } from './kernel.js'

/**
 * The same update in plain JavaScript, a loop over the block for each operation. Every result is rounded to float32, so it
 * gives the very numbers of the SIMD kernel.
 */
export function loopKernel(update: Elementwise): Kernel {
  const blocks = update.arrays.map(() => new Float32Array(blockSize))
  const nodes = inOrder(update)
  const buffers = new Map<Expression, Float32Array>(
    nodes.map((node) => [node, node.kind === 'array' ? blocks[update.arrays.indexOf(node.name)] : new Float32Array(blockSize)]),
  )
  const buffer = (node: Expression) => buffers.get(node)!
  return {
    kind: 'loops',
    inPlace: false,
    blocks,
    run: ({ width, rows, scalars }) => {
      const count = width * rows
      for (const node of nodes) {
        const to = buffer(node)
        if (node.kind === 'scalar') to.fill(scalars[update.scalars.indexOf(node.name)], 0, count)
        else if (node.kind === 'constant') to.fill(node.value, 0, count)
        else if (node.kind === 'unary') unary(node.operation, buffer(node.x), to, count)
        else if (node.kind === 'binary') binary(node.operation, buffer(node.a), buffer(node.b), to, count)
      }
      // Only now: an update reads the old values of all arrays.
      const results = Object.entries(update.updates).flatMap(([name, node]) => (node ? [{ name, values: buffer(node) }] : []))
      const staged = results.map(({ values }) =>
        blocks.some((block) => block === values) ? values.slice(0, count) : values.subarray(0, count),
      )
      for (const [at, { name }] of results.entries()) blocks[update.arrays.indexOf(name)].set(staged[at])
    },
  }
}

function unary(operation: UnaryOperation, x: Float32Array, to: Float32Array, count: number): void {
  if (operation === 'sqrt') for (let i = 0; i < count; i++) to[i] = Math.sqrt(x[i])
  else for (let i = 0; i < count; i++) to[i] = Math.abs(x[i])
}

function binary(operation: BinaryOperation, a: Float32Array, b: Float32Array, to: Float32Array, count: number): void {
  switch (operation) {
    case 'add':
      for (let i = 0; i < count; i++) to[i] = a[i] + b[i]
      break
    case 'sub':
      for (let i = 0; i < count; i++) to[i] = a[i] - b[i]
      break
    case 'mul':
      for (let i = 0; i < count; i++) to[i] = a[i] * b[i]
      break
    case 'div':
      for (let i = 0; i < count; i++) to[i] = a[i] / b[i]
      break
    case 'max':
      for (let i = 0; i < count; i++) to[i] = Math.max(a[i], b[i])
  }
}
