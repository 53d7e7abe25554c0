import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { readSafetensors, toFloat32, writeSafetensors } from '@ms/backbones'
import { MsError } from '@ms/core'
import { directoryFiles, replaceDirectory, restoreDirectory } from '@ms/core/node'
import type { HostTensor, Parameters } from '@ms/core/tensor'
import { z } from 'zod'
import type { Checkpoint, CheckpointStore } from '../train/checkpoint.js'

const metrics = z.record(z.string(), z.number())
const stateSchema = z.object({
  version: z.literal(1),
  signature: z.string(),
  step: z.int().min(0),
  epoch: z.int().min(0),
  batch: z.int().min(0),
  lossSum: z.number(),
  optimizerSteps: z.int().min(0),
  initialMetrics: metrics.optional(),
  best: z.object({ step: z.int().min(0), metrics }).optional(),
  withoutGain: z.int().min(0),
})

/** Numbers as JSON keeps them; metrics are finite. */
type State = z.infer<typeof stateSchema>

/** Keeps the newest checkpoint in `path/latest`: state.json and the arrays as safetensors. Nothing in it is ever run. */
export function checkpointDirectory(path: string): CheckpointStore & { clear(): Promise<void> } {
  const latest = join(path, 'latest')
  return {
    save: async (checkpoint) => {
      await replaceDirectory(latest, async (temporary) => {
        const files = directoryFiles(temporary)
        const { parameters, optimizer, best, ...rest } = checkpoint
        const state: State = {
          version: 1,
          signature: rest.signature,
          step: rest.step,
          epoch: rest.epoch,
          batch: rest.batch,
          lossSum: rest.lossSum,
          optimizerSteps: optimizer.steps,
          withoutGain: rest.withoutGain,
          ...(rest.initialMetrics ? { initialMetrics: { ...rest.initialMetrics } } : {}),
          ...(best ? { best: { step: best.step, metrics: { ...best.metrics } } } : {}),
        }
        await files.write('weights.safetensors', safetensors(parameters))
        await files.write('optimizer.safetensors', safetensors(optimizer.state))
        if (best) await files.write('best.safetensors', safetensors(best.parameters))
        await files.write('state.json', new TextEncoder().encode(`${JSON.stringify(state, null, 2)}\n`))
      })
    },
    load: async () => {
      await restoreDirectory(latest)
      const files = directoryFiles(latest)
      const present = await files.list().catch(() => [])
      if (present.length === 0) return undefined
      const state = parseState(await files.read('state.json'), join(latest, 'state.json'))
      const arrays = async (name: string) => floats(await files.read(name), join(latest, name))
      const checkpoint: Checkpoint = {
        ...state,
        parameters: await arrays('weights.safetensors'),
        optimizer: { steps: state.optimizerSteps, state: await arrays('optimizer.safetensors') },
        best: state.best ? { ...state.best, parameters: await arrays('best.safetensors') } : undefined,
      }
      return checkpoint
    },
    clear: () => rm(path, { recursive: true, force: true }),
  }
}

function parseState(bytes: Uint8Array, where: string): State {
  try {
    return stateSchema.parse(JSON.parse(new TextDecoder().decode(bytes)))
  } catch (cause) {
    throw new MsError('checkpoint.state', 'this is not the state of a training', {
      where,
      advice: 'Start the training anew, without --resume.',
      cause,
    })
  }
}

const safetensors = (arrays: Parameters) =>
  writeSafetensors(new Map([...arrays].map(([name, { shape, data }]) => [name, { dtype: 'F32', shape, data } as const])))

function floats(bytes: Uint8Array, where: string): Parameters {
  const { tensors } = readSafetensors(bytes, where)
  return new Map(
    [...tensors].map(([name, tensor]): [string, HostTensor<Float32Array>] => [name, { shape: tensor.shape, data: toFloat32(tensor) }]),
  )
}
