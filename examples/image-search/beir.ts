import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { MsError } from '@ms/core'
import { writeBeir } from './data/write-beir.js'
import { tasks } from './data.js'

const usage = `Usage: beir --out DIR [${Object.keys(tasks).join('|')}]…`

/** Writes what the tasks search as BEIR folders with their pictures, a folder a data set, for `ms eval`, `ms train` and `ms compare`. */
async function main(): Promise<void> {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { out: { type: 'string' } } })
  const unknown = positionals.find((name) => !Object.hasOwn(tasks, name))
  if (unknown !== undefined) throw new MsError('beir.usage', `there is no task "${unknown}"`, { advice: usage })
  if (!values.out) throw new MsError('beir.usage', '--out is missing', { advice: usage })
  // Where the command was typed: a package's scripts run in the package.
  const out = resolve(process.env['INIT_CWD'] ?? '', values.out)
  for (const name of positionals.length > 0 ? positionals : Object.keys(tasks)) {
    const { data, also = [] } = await tasks[name]()
    for (const each of [data, ...also]) {
      const folder = join(out, each.name)
      await writeBeir(each, folder)
      const asked = [...each.qrels].map(([split, qrels]) => `${qrels.size} ${split}`).join(', ')
      process.stdout.write(`${folder}: ${each.corpus.length} documents; queries: ${asked}\n`)
    }
  }
}

try {
  await main()
} catch (error) {
  process.exitCode = 2
  process.stderr.write(`${MsError.isInstance(error) ? error.format() : error instanceof Error ? error.message : error}\n`)
}
