// The tables of docs/performance.md, from the newest results of each kind.
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { kinds, scripts } from './kinds.mjs'

const [begin, end] = ['<!-- tables: written by pnpm bench -->', '<!-- end of tables -->']

/** Replaces what stands between the two marks. @param folder bench/ */
export function writeTables(folder) {
  const newest = new Map()
  for (const name of readdirSync(join(folder, 'results')).sort()) {
    if (!name.endsWith('.json')) continue
    const one = JSON.parse(readFileSync(join(folder, 'results', name), 'utf8'))
    newest.set(`${one.kind} ${one.threads ?? 1}`, one)
  }
  const path = join(folder, '../docs/performance.md')
  const page = readFileSync(path, 'utf8')
  const [before, after] = [page.slice(0, page.indexOf(begin) + begin.length), page.slice(page.indexOf(end))]
  const threads = [...new Set([...newest.values()].map((one) => one.threads ?? 1))].sort((a, b) => a - b)
  const parts = threads.map((count) =>
    comparisons(
      count,
      Object.keys(kinds).flatMap((kind) => newest.get(`${kind} ${count}`) ?? []),
    ),
  )
  for (const kind of Object.keys(scripts)) if (newest.has(`${kind} 1`)) parts.push(plain(newest.get(`${kind} 1`)))
  writeFileSync(path, `${before}\n\n${parts.join('\n\n')}\n\n${after}`)
  const biome = join(folder, '../node_modules/.bin/biome')
  execFileSync(biome, ['check', '--write', path, join(folder, 'results')], { stdio: 'ignore', cwd: join(folder, '..') })
}

function comparisons(threads, results) {
  const unit = threads === 1 ? 'CPU ms' : 'ms'
  const rows = results.flatMap(({ date, command, result: { title, rounds: _, figure: __, ours, longestGapMs: ___, ...peers } }) => {
    const own = [title, String(ours.ms), String(ours.peakMb)]
    const behind = [`${date} \`${command}\``]
    const compared = Object.entries(peers)
    if (compared.length === 0) return [[...own, '', '', '', '', ...behind]]
    return compared.map(([peer, { ms, peakMb, timeRatio, memoryRatio }]) => [
      ...own,
      peer,
      String(ms),
      `**${timeRatio.toFixed(2)}**`,
      memoryRatio.toFixed(2),
      ...behind,
      peakMb,
    ])
  })
  const head = ['what', `ours, ${unit}`, 'peak MB', 'peer', `its ${unit}`, 'time ÷ peer', 'memory ÷ peer', 'measured']
  const name = threads === 1 ? 'One thread, CPU time:' : `${threads} threads, time on the clock:`
  return `${name}\n\n${table(
    head,
    rows.map((row) => row.slice(0, 8)),
  )}`
}

const plain = ({ kind, date, command, result }) =>
  `\`${kind}\`, ${date} \`${command}\`:\n\n\`\`\`json\n${JSON.stringify(result, null, 2)}\n\`\`\``

const table = (head, rows) => [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
