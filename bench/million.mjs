// A million short texts through `ms encode`, once without a break and once stopped by SIGTERM half way and resumed: the bytes must be the
// same, and memory must not grow with the number of texts. `node bench/million.mjs [--texts N] [--model M] [--threads N] [--json]`, after `pnpm build`.
// One thread by default. Texts are made by rule from one seed: 3 to 12 words of a vocabulary of 20,000 that are made up of syllables.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createReadStream, createWriteStream, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { seededRandom } from '@ms/core'

const { values } = parseArgs({
  options: {
    texts: { type: 'string', default: '1000000' },
    model: { type: 'string', default: 'ms-mini-text' },
    threads: { type: 'string', default: '1' },
    json: { type: 'boolean' },
  },
})
const count = Number(values.texts)
const bin = fileURLToPath(new URL('../packages/cli/dist/bin.js', import.meta.url))
const peak = fileURLToPath(new URL('peak-memory.cjs', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'ms-million-'))
const inFolder = (name) => join(folder, name)

try {
  await writeTexts(inFolder('few.txt'), Math.ceil(count / 10))
  await writeTexts(inFolder('texts.txt'), count)
  const few = await encode('few')
  const whole = await encode('texts', { output: 'whole' })
  const bytes = statSync(inFolder('whole.npy')).size
  const stopped = await encode('texts', { output: 'resumed', stopAt: bytes / 2 })
  const resumed = await encode('texts', { output: 'resumed', resume: true })
  const digests = await Promise.all(['whole', 'resumed'].flatMap((name) => [digest(`${name}.npy`), digest(`${name}.ids.txt`)]))
  const result = {
    texts: count,
    textsPerCpuSecond: Math.round(count / (whole.cpuMs / 1000)),
    peakMb: { tenth: few.peakMb, whole: whole.peakMb, resumed: resumed.peakMb },
    stoppedAtRow: stopped.rows,
    exitCodes: [few.code, whole.code, stopped.code, resumed.code],
    sameBytes: digests[0] === digests[2] && digests[1] === digests[3],
  }
  console.log(values.json ? JSON.stringify(result) : result)
  if (!result.sameBytes || stopped.code !== 130 || stopped.rows <= 0) process.exitCode = 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}

async function writeTexts(path, lines) {
  const random = seededRandom(1)
  const syllables = 'ka lo mi re tu sen vor pal din gro ash bel cor fen'.split(' ')
  const vocabulary = Array.from({ length: 20_000 }, () =>
    Array.from({ length: 1 + random.integer(3) }, () => syllables[random.integer(syllables.length)]).join(''),
  )
  const out = createWriteStream(path)
  for (let i = 0; i < lines; i += 1000) {
    const block = Array.from({ length: Math.min(1000, lines - i) }, () =>
      Array.from({ length: 3 + random.integer(10) }, () => vocabulary[random.integer(20_000)]).join(' '),
    )
    if (!out.write(`${block.join('\n')}\n`)) await once(out, 'drain')
  }
  out.end()
  await once(out, 'finish')
}

async function encode(input, { output = input, resume = false, stopAt } = {}) {
  const words = [
    'encode',
    '--model',
    values.model,
    '--input',
    inFolder(`${input}.txt`),
    '--output',
    inFolder(`${output}.npy`),
    '--threads',
    values.threads,
  ]
  const child = spawn(process.execPath, ['--require', peak, bin, ...words, ...(resume ? ['--resume'] : [])], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text
  })
  const partial = inFolder(`${output}.npy.partial`)
  const watch = setInterval(() => {
    if (!stopAt || (statSync(partial, { throwIfNoEntry: false })?.size ?? 0) <= stopAt) return
    // Once: a second signal ends it at once.
    clearInterval(watch)
    child.kill('SIGTERM')
  }, 5)
  const [code] = await once(child, 'close')
  clearInterval(watch)
  const found = /^process (.*)$/m.exec(stderr)
  if (!found) throw new Error(stderr)
  const left = statSync(partial, { throwIfNoEntry: false })?.size ?? 0
  return { code, ...JSON.parse(found[1]), rows: left === 0 ? 0 : Math.floor((left - 128) / 4 / 256) }
}

async function digest(name) {
  const hash = createHash('sha256')
  for await (const part of createReadStream(inFolder(name))) hash.update(part)
  return hash.digest('hex')
}
