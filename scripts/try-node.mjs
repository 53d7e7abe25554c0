// `node scripts/try-node.mjs 22 24`: the built packages under other versions of Node, which npm's `node` package brings. Trains, measures,
// encodes, indexes and searches a tiny data set with each, and runs those tests that talk to the runtime (threads, workers, WebAssembly).
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const tests = [
  'packages/core',
  'packages/runtime/src/node',
  'packages/runtime/src/traced/node/worker-runtime',
  'packages/index',
  'packages/embed',
]
const versions = process.argv.slice(2)
if (versions.length === 0) throw new RangeError('which versions? node scripts/try-node.mjs 22 24')

/** Path of a Node of that version, fetched where it is not there. */
function nodeOf(version) {
  const folder = join(root, '.cache/node', version)
  const bin = join(folder, 'node_modules/node/bin/node')
  if (!existsSync(bin)) {
    mkdirSync(folder, { recursive: true })
    execFileSync('npm', ['install', '--silent', '--no-audit', '--no-fund', '--prefix', folder, `node@${version}`], { stdio: 'inherit' })
  }
  return bin
}

/** Twenty documents and a query for each, in the BEIR layout. */
function writeData(folder) {
  const lines = (make) => Array.from({ length: 40 }, (_, i) => `${JSON.stringify(make(i))}\n`).join('')
  const things = ['paper', 'printer', 'table', 'margin']
  const text = (i) => `Choose the ${things[i % 4]} number ${i}, 打印 ${i}`
  mkdirSync(join(folder, 'qrels'), { recursive: true })
  writeFileSync(
    join(folder, 'corpus.jsonl'),
    lines((i) => ({ _id: `d${i}`, title: `Page ${i}`, text: text(i) })),
  )
  writeFileSync(
    join(folder, 'queries.jsonl'),
    lines((i) => ({ _id: `q${i}`, text: `${things[i % 4]} ${i}` })),
  )
  for (const [split, rest] of [
    ['train', [0, 1, 2]],
    ['dev', [3]],
    ['test', [4]],
  ]) {
    const judged = Array.from({ length: 40 }, (_, i) => i).filter((i) => rest.includes(i % 5))
    writeFileSync(join(folder, `qrels/${split}.tsv`), `query-id\tcorpus-id\tscore\n${judged.map((i) => `q${i}\td${i}\t1\n`).join('')}`)
  }
}

for (const version of versions) {
  const node = nodeOf(version)
  const cwd = mkdtempSync(join(tmpdir(), 'ms-node-'))
  try {
    writeData(join(cwd, 'data'))
    const ms = (line) => execFileSync(node, [join(root, 'packages/cli/dist/bin.js'), ...line.split(' ')], { cwd, encoding: 'utf8' })
    console.log(`Node ${execFileSync(node, ['--version'], { encoding: 'utf8' }).trim()}`)
    const engines = JSON.parse(ms('doctor --json')).engines
    console.log(`  engines: ${engines.map(({ name, usable, reason }) => (usable ? name : `${name} not (${reason})`)).join(', ')}`)
    for (const backend of ['traced', 'wasm']) ms(`train --data data --out run-${backend} --epochs 2 --backend ${backend} --quiet`)
    ms('encode --model run-traced --input data/corpus.jsonl --output out.npy')
    ms('index create --collection c --model run-traced --input data/corpus.jsonl')
    const { results } = JSON.parse(ms('search --collection c --json --k 5 打印'))
    const { metrics } = JSON.parse(ms('eval --model run-traced --data data --mode hybrid --json'))
    if (results.length !== 5 || !(metrics['ndcg@10'] > 0)) throw new RangeError('the command ran and found nothing')
    console.log('  ms doctor, train, encode, index, search, eval: done')
  } finally {
    rmSync(cwd, { recursive: true, force: true })
  }
  execFileSync(node, [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--reporter=default', '--silent=true', ...tests], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, NO_COLOR: '1' },
  })
}
