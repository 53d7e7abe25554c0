import { type Diagnosis, diagnose, type EngineName } from '@ms/runtime/node'
import { defineCommand } from '../command.js'
import { computeOptions } from '../compute-options.js'
import { formatTable } from '../format-table.js'
import { installEngine } from '../install-engine.js'
import type { Terminal } from '../terminal.js'

const gigabytes = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GB`

/** Seconds as milliseconds, with as many digits as mean something. */
const milliseconds = (seconds: number) => (seconds * 1000).toPrecision(Math.max(2, Math.ceil(Math.log10(seconds * 1000 + 1))))

function printMachine({ cpu, memory, node, system, tensorflow, simd, gpus }: Diagnosis, terminal: Terminal): void {
  const processors = `${cpu.processors} ${cpu.processors === 1 ? 'processor' : 'processors'}`
  terminal.print(`${cpu.model}, ${processors}, ${gigabytes(memory.total)} memory (${gigabytes(memory.free)} free)`)
  const cards = gpus.map(({ name, memory, driver }) =>
    [name, memory && gigabytes(memory), driver && `driver ${driver}`].filter(Boolean).join(', '),
  )
  terminal.print(`GPU: ${cards.join('; ') || 'none found'}`)
  terminal.print(`Node ${node}, ${system}, TensorFlow.js ${tensorflow}, WebAssembly SIMD ${simd ? 'yes' : 'no'}`)
}

function printEngines({ engines, best }: Diagnosis, measured: boolean, terminal: Terminal): void {
  const { green, dim } = terminal.colors
  const rows = engines.map((engine) => {
    const notes = [
      engine.name === best ? 'what auto takes' : '',
      engine.matrixSize && engine.matrixSize < 1024 ? `GFLOP/s with ${engine.matrixSize}² matrices: too slow for 1024²` : '',
    ].filter(Boolean)
    return [
      engine.name,
      engine.usable ? green('✓') : dim('–'),
      engine.threads === undefined ? '' : String(engine.threads),
      ...(measured
        ? [
            engine.gflops === undefined ? '' : engine.gflops.toFixed(engine.gflops < 10 ? 1 : 0),
            engine.stepSeconds === undefined ? '' : milliseconds(engine.stepSeconds),
          ]
        : []),
      engine.usable ? notes.join('; ') : dim(engine.reason ?? ''),
    ]
  })
  const heading = ['engine', '', 'threads', ...(measured ? ['GFLOP/s', 'step ms'] : []), '']
  const align = heading.map((title) => (['threads', 'GFLOP/s', 'step ms'].includes(title) ? 'right' : 'left'))
  terminal.print(formatTable([heading, ...rows], { align }))
}

export const doctorCommand = defineCommand({
  name: 'doctor',
  summary: 'What this machine can compute with, and how fast; installs TensorFlow',
  usage: '[--engine NAME] [--install native|native-gpu]',
  options: {
    engine: { type: 'string', choices: computeOptions.backend.choices.slice(1), help: 'only this one', value: 'NAME' },
    limit: { type: 'number', min: 0.1, max: 600, value: 'SECONDS', help: 'how long one engine may be timed (default: 3)' },
    'no-measure': { type: 'boolean', help: 'only look, do not time' },
    threads: computeOptions.threads,
    install: { type: 'string', choices: ['native', 'native-gpu'], help: 'download and build TensorFlow into the cache folder' },
    yes: { type: 'boolean', help: 'install without asking' },
    strip: { type: 'boolean', help: 'install without the symbols of the libraries: a quarter less on disk' },
    force: { type: 'boolean', help: 'install again, also where a good build is there' },
  },
  examples: ['ms doctor', 'ms doctor --engine traced --threads 1', 'ms doctor --install native --yes'],
  run: async ({ options, terminal, signal }) => {
    if (options.install) return installEngine({ ...options, kind: options.install as 'native' | 'native-gpu' }, terminal, signal)
    terminal.redraw('trying the engines …')
    const measure = !options['no-measure']
    const engines = options.engine === undefined ? undefined : [options.engine as EngineName]
    const found = await diagnose({ threads: options.threads, measure, limit: options.limit, engines, signal })
    terminal.redraw('')
    printMachine(found, terminal)
    terminal.print()
    printEngines(found, measure, terminal)
    terminal.print()
    terminal.print(found.advice)
    terminal.printJson(found)
    return found.best === undefined ? 1 : 0
  },
})
