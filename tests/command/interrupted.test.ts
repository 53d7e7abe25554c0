import { spawn } from 'node:child_process'
import { mkdtemp, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bin, ms } from './ms.js'
import { colours, things, width, writeTinyData, writeTinyModel } from './tiny-model.js'

let cwd: string
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'ms-interrupted-'))
  await writeTinyModel(join(cwd, 'model'))
  await writeTinyData(join(cwd, 'data'))
})
afterAll(() => rm(cwd, { recursive: true, force: true }))

const run = (line: string) => ms(line.split(' '), { cwd })
async function good(line: string): Promise<string> {
  const { code, stdout, stderr } = await run(line)
  expect(code, `${line}\n${stderr}`).toBe(0)
  return stdout
}

/** Kills the process without warning (no handler runs) as soon as `when` holds. Resolves to whether it was in time. */
async function killed(line: string, when: () => Promise<boolean>, signal: NodeJS.Signals = 'SIGKILL'): Promise<boolean> {
  const child = spawn(process.execPath, [bin, ...line.split(' ')], { cwd, stdio: 'ignore' })
  const ended = new Promise<boolean>((resolve) => child.on('close', (code, by) => resolve(by === signal || code === 130)))
  while (child.exitCode === null && child.signalCode === null && !(await when())) await new Promise((resolve) => setTimeout(resolve, 4))
  child.kill(signal)
  return ended
}

interface Event {
  readonly type: string
  readonly step?: number
  readonly loss?: number
}
const events = async (out: string): Promise<Event[]> => {
  const text = await readFile(join(cwd, out, 'events.jsonl'), 'utf8').catch(() => '')
  return text.split('\n').flatMap((line) => {
    try {
      return [JSON.parse(line)]
    } catch {
      return [] // a line that is being written
    }
  })
}
const steps = async (out: string) => (await events(out)).filter(({ type }) => type === 'step').map(({ step, loss }) => [step, loss])
const weightsOf = (out: string) => readFile(join(cwd, out, 'model/model.safetensors')).catch(() => undefined)
const somewhere = (out: string) => async () => (await events(out)).filter(({ type }) => type === 'checkpoint').length >= 3

describe('ms train, interrupted', () => {
  const settings = '--model model --data data --epochs 40 --batch-size 4 --seed 3 --backend cpu --quiet'
  it.for(['SIGKILL', 'SIGINT'] as const)('by %s leaves no model, and --resume ends where an unbroken training does', async (signal) => {
    await good(`train ${settings} --out whole-${signal}`)
    expect(await killed(`train ${settings} --out broken-${signal}`, somewhere(`broken-${signal}`), signal)).toBe(true)
    const before = await steps(`broken-${signal}`)
    expect(before.length).toBeLessThan(40 * 5)
    expect(await readdir(join(cwd, `broken-${signal}`))).not.toContain('model')
    const { code, stderr } = await run(`encode --model broken-${signal} --input data/corpus.jsonl --output x.npy`)
    expect([code, stderr]).toEqual([2, expect.stringContaining('error[encoder.run-unfinished]')])

    const forgotten = await run(`train ${settings} --out broken-${signal}`)
    expect([forgotten.code, forgotten.stderr]).toEqual([2, expect.stringMatching(/error\[run\.unfinished\].*--resume.*--overwrite/)])
    await good(`train ${settings} --out broken-${signal} --resume`)
    expect(await steps(`broken-${signal}`)).toEqual(await steps(`whole-${signal}`))
    expect((await steps(`broken-${signal}`)).map(([step]) => step)).toEqual(Array.from({ length: 200 }, (_, i) => i + 1))
    expect(await weightsOf(`broken-${signal}`)).toEqual(await weightsOf(`whole-${signal}`))
  })

  it('twice, ends at once', async () => {
    const child = spawn(process.execPath, [bin, ...`train ${settings.replace(' --backend cpu', '')} --out twice`.split(' ')], {
      cwd,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let said = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text
      // The program says that it was heard.
      if (text.includes('again to stop at once')) child.kill('SIGINT')
    })
    const ended = new Promise<unknown[]>((resolve) => child.on('close', (...how) => resolve(how)))
    while (child.exitCode === null && !(await somewhere('twice')())) await new Promise((resolve) => setTimeout(resolve, 4))
    child.kill('SIGINT')
    expect([
      [130, null],
      [null, 'SIGINT'],
    ]).toContainEqual(await ended)
    expect(said.trim()).toBe('stopping … (again to stop at once)')
  })

  it('keeps the model of an earlier training until the new one is whole', async () => {
    await good(`train ${settings.replace('--epochs 40', '--epochs 1')} --out again`)
    const old = await weightsOf('again')
    expect(old).toBeDefined()
    expect(await killed(`train ${settings} --out again`, somewhere('again'))).toBe(true)
    expect(await weightsOf('again')).toEqual(old)
    await good('encode --model again --input data/corpus.jsonl --output again.npy')
  })
})

describe('ms encode in several threads', () => {
  it('writes the bytes of one thread, stopped and resumed too', async () => {
    const texts = Array.from({ length: 400_000 }, (_, i) =>
      `${things[i % 9]} of ${colours[i % 4]} ${things[(7 * i) % 10]} `.repeat(1 + (i % 5)),
    )
    await writeFile(join(cwd, 'most.txt'), `${texts.join('\n')}\n`)
    const encode = 'encode --model model --input most.txt --quiet'
    await good(`${encode} --output one.npy --threads 1`)
    const late = async () => ((await stat(join(cwd, 'three.npy.partial')).catch(() => undefined))?.size ?? 0) > 6_000_000
    expect(await killed(`${encode} --output three.npy --threads 3`, late, 'SIGINT')).toBe(true)
    await good(`${encode} --output three.npy --threads 3 --resume`)
    for (const end of ['npy', 'ids.txt'])
      expect((await readFile(join(cwd, `three.${end}`))).equals(await readFile(join(cwd, `one.${end}`)))).toBe(true)
    for (const name of ['most.txt', 'one.npy', 'three.npy']) await rm(join(cwd, name))
  })
})

describe('ms encode, killed', () => {
  it('goes on with --resume where it stopped, and ends with the same file', async () => {
    const texts = Array.from({ length: 60_000 }, (_, i) => `the ${things[i % things.length]} of ${colours[i % 3]} ${things[(7 * i) % 5]}`)
    await writeFile(join(cwd, 'many.txt'), `${texts.join('\n')}\n`)
    const encode = 'encode --model model --input many.txt --quiet'
    await good(`${encode} --output whole.npy`)
    const partial = join(cwd, 'broken.npy.partial')
    const some = async () => ((await stat(partial).catch(() => undefined))?.size ?? 0) > 100_000
    expect(await killed(`${encode} --output broken.npy`, some)).toBe(true)
    expect(await readdir(cwd)).not.toContain('broken.npy')
    const refused = await run(`${encode} --output broken.npy --resume --role query`)
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('error[encode.resume]')])

    // What is there is kept, not made again: this would be seen.
    const mark = new Uint8Array(4 * width).fill(7)
    const file = await open(partial, 'r+')
    await file.write(mark, 0, mark.length, 128)
    await file.close()
    const { count } = JSON.parse(await good(`${encode} --output broken.npy --resume --json`))
    expect(count).toBe(texts.length)
    const [whole, resumed] = [await readFile(join(cwd, 'whole.npy')), await readFile(join(cwd, 'broken.npy'))]
    expect(resumed.subarray(128, 128 + mark.length).every((byte) => byte === 7)).toBe(true)
    expect(resumed.subarray(0, 128).equals(whole.subarray(0, 128))).toBe(true)
    expect(resumed.subarray(128 + mark.length).equals(whole.subarray(128 + mark.length))).toBe(true)
    expect(await readFile(join(cwd, 'broken.ids.txt'))).toEqual(await readFile(join(cwd, 'whole.ids.txt')))
    expect((await readdir(cwd)).filter((name) => name.includes('partial'))).toEqual([])
  })
})

describe('ms index create, killed at any moment', () => {
  it('leaves the old collection, the new one, or none, and never a half', async () => {
    const create = 'index create --collection c --model model --input data/corpus.jsonl --backend cpu'
    const start = performance.now()
    await good(create)
    const usual = performance.now() - start
    for (const share of [0.6, 0.8, 0.9, 1]) {
      const until = performance.now() + share * usual
      await killed(create, async () => performance.now() >= until)
      const { code, stdout, stderr } = await run('search --collection c --json --k 40 apple')
      if (code === 0) expect(JSON.parse(stdout).results).toHaveLength(40)
      else expect(stderr).toContain('error[index.missing]')
    }
    await good(create)
    await good('index status --collection c')
  })
})
