import { diagnose } from '@ms/runtime/node'
import { defineCommand } from '../command.js'
import { computeOptions } from '../compute-options.js'
import { formatTable } from '../format-table.js'

const gigabytes = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GB`

export const doctorCommand = defineCommand({
  name: 'doctor',
  summary: 'What this machine can compute with, and how fast',
  usage: '',
  options: {
    'no-measure': { type: 'boolean', help: 'only look, do not time' },
    threads: computeOptions.threads,
  },
  run: async ({ options, terminal, signal }) => {
    terminal.redraw('trying the engines …')
    const found = await diagnose({ threads: options.threads, measure: !options['no-measure'], signal })
    terminal.redraw('')
    terminal.print(
      `${found.cpu.model}, ${found.cpu.processors} processors, ${gigabytes(found.memory.total)} memory (${gigabytes(found.memory.free)} free)`,
    )
    terminal.print(`Node ${found.node}, ${found.system}, TensorFlow.js ${found.tensorflow}, WebAssembly SIMD ${found.simd ? 'yes' : 'no'}`)
    terminal.print()
    const rows = found.engines.map((engine) => [
      engine.name,
      engine.usable ? 'works' : 'no',
      engine.threads === undefined ? '' : String(engine.threads),
      engine.gflops === undefined ? '' : engine.gflops.toFixed(0),
      engine.stepSeconds === undefined ? '' : (engine.stepSeconds * 1000).toFixed(0),
      engine.usable ? (engine.name === found.best ? 'chosen by auto' : '') : (engine.reason ?? ''),
    ])
    terminal.print(
      formatTable([['engine', '', 'threads', 'GFLOP/s', 'step ms', ''], ...rows], {
        align: ['left', 'left', 'right', 'right', 'right', 'left'],
      }),
    )
    terminal.print()
    terminal.print(found.advice)
    terminal.printJson(found)
    return found.best === undefined ? 1 : 0
  },
})
