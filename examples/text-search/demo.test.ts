import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { describe, expect, it } from 'vitest'

const tsx = createRequire(import.meta.url).resolve('tsx/cli')
const demo = (...words: string[]) =>
  spawnSync(process.execPath, [tsx, '-C', 'ms-source', 'demo.ts', ...words], { cwd: import.meta.dirname, encoding: 'utf8' })

describe('demo', () => {
  it.each([
    [['--sed', '1'], 'Unknown option'],
    [['new'], 'there is no task "new"'],
    [['--seed', 'x'], 'the seed is "x"'],
    [['news', '--seed'], '--seed'],
  ])('answers %j with one line and exit code 2', (words, reason) => {
    const { status, stdout, stderr } = demo(...words)
    expect(stderr).toMatch(/^error\[demo\.usage\]: .*Usage: demo|^error\[demo\.usage\]: .*Give a whole number/)
    expect(stderr).toContain(reason)
    expect(stderr.trim().split('\n')).toHaveLength(1)
    expect(stdout).toBe('')
    expect(status).toBe(2)
  })

  it('says how it is used', () => {
    expect(demo('--help')).toMatchObject({ status: 0, stderr: '', stdout: expect.stringContaining('Usage: demo') })
  })
})
