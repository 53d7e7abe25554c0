import { join, relative, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { createTerminal, type Terminal } from '@ms/cli'
import { MsError } from '@ms/core'
import { createModelEmbedders, vectorCache } from '@ms/embed'
import { openEngine } from '@ms/runtime/node'
import { type Question, type Task, tasks, title } from './data.js'
import { encoderName, openEncoder, threads } from './encoder.js'
import { ask, keywordSearch, vectorSearch } from './search.js'
import { prove, trainOn } from './train.js'

const usage = `Usage: demo [${Object.keys(tasks).join('|')}] [--query TEXT|PICTURE]… [--seed N]`

interface DemoOptions {
  readonly seed: number
  /** Questions from the command line: words, or paths of pictures where pictures ask. */
  readonly asked: readonly string[]
  readonly terminal: Terminal
  readonly signal: AbortSignal
}

/** One task from its data to answers. */
async function demonstrate(task: Task, { seed, asked, terminal, signal }: DemoOptions): Promise<void> {
  const heading = (text: string) => terminal.print(`\n${terminal.colors.bold(text)}`)
  const count = (split: 'train' | 'dev' | 'test') => (task.data.qrels.get(split)?.size ?? 0).toLocaleString('en')
  terminal.print(`\n${terminal.colors.inverse(` ${task.name} `)} ${task.about}`)
  terminal.print(`  ${count('train')} queries to train on, ${count('dev')} to choose by (dev), ${count('test')} to measure with (test)`)

  heading(`1. Fine-tune ${encoderName}`)
  const out = join(import.meta.dirname, 'runs', task.name)
  const engine = await openEngine({ threads, signal })
  try {
    const encoder = await openEncoder()
    // What was embedded once is not embedded again: to choose an epoch, to measure, to search.
    const cache = vectorCache()
    const options = { encoder, engine, cache, out, seed, terminal, signal }
    const { base, tuned } = await trainOn(task, options)

    heading('2. Measure')
    const embedders = {
      base: await createModelEmbedders(base, { engine, normalize: true, cache }),
      tuned: await createModelEmbedders(tuned, { engine, normalize: true, cache }),
    }
    const { words } = await prove(task, embedders.base, embedders.tuned, options)

    heading('3. Search')
    const searches = {
      keyword: await keywordSearch(task),
      base: await vectorSearch(task, embedders.base, words.base),
      tuned: await vectorSearch(task, embedders.tuned, words.tuned),
    }
    const questions = asked.map((text): Question => (task.modalities[0] === 'image' ? { text, image: resolve(text) } : { text }))
    await ask(task, searches, [...task.questions, ...questions], terminal)
    const model = relative(process.cwd(), out) || '.'
    terminal.print(`\n  In ${model}: model/ (the tuned encoder), run.json (settings, seed, data), events.jsonl (every step), report.html.`)
  } finally {
    await engine.dispose()
  }
}

async function main(words: readonly string[], signal: AbortSignal): Promise<void> {
  const { values, positionals } = readWords(words)
  if (values.help) return void process.stdout.write(`${usage}\n`)
  const unknown = positionals.find((name) => !Object.hasOwn(tasks, name))
  if (unknown !== undefined) throw new MsError('demo.usage', `there is no task "${unknown}"`, { advice: usage })
  const seed = Number(values.seed)
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw new MsError('demo.usage', `the seed is "${values.seed}"`, { advice: 'Give a whole number.' })

  const started = performance.now()
  const terminal = createTerminal({ json: false, quiet: false })
  terminal.print(terminal.colors.bold(title))
  for (const name of positionals.length > 0 ? positionals : Object.keys(tasks)) {
    await demonstrate(await tasks[name](), { seed, asked: values.query, terminal, signal })
  }
  terminal.print(`\n  All of it took ${((performance.now() - started) / 1000).toFixed(0)} s.`)
}

function readWords(words: readonly string[]) {
  try {
    return parseArgs({
      args: [...words],
      allowPositionals: true,
      options: {
        query: { type: 'string', multiple: true, default: [] },
        seed: { type: 'string', default: '1' },
        help: { type: 'boolean', short: 'h' },
      },
    })
  } catch (cause) {
    const [reason] = cause instanceof Error ? cause.message.split('. ') : ['']
    throw new MsError('demo.usage', reason, { advice: usage, cause })
  }
}

const controller = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (controller.signal.aborted) process.exit(130)
    process.stderr.write('\nstopping …\n')
    controller.abort()
  })
}
try {
  await main(process.argv.slice(2), controller.signal)
} catch (error) {
  const known = MsError.isInstance(error)
  process.exitCode = controller.signal.aborted ? 130 : known && error.kind === 'input' ? 2 : 1
  if (!controller.signal.aborted) process.stderr.write(`${known ? error.format() : `error[internal]: ${error}`}\n`)
}
