import { readFileSync } from 'node:fs'
import { directoryFiles } from '@ms/core/node'
import { openEngine } from '@ms/runtime/node'
import { it } from 'vitest'
import { createEmbedder } from './embedder.js'
import { loadEncoder } from './load-encoder.js'

it('traced', async () => {
  const e = await loadEncoder(directoryFiles('/work/main/.cache/models/all-MiniLM-L6-v2'))
  for (const [backend, threads, n] of [
    ['traced', 1, 200],
    ['traced', 2, 200],
    ['wasm', 1, 60],
  ] as const) {
    const engine = await openEngine({ backend, threads })
    for (const file of [16, 64])
      for (const bt of [256, 512, 1024, 2048]) {
        const em2 = await createEmbedder(e, { engine, batchTokens: bt })
        const k = file === 16 ? n * 3 : n
        const x: string[] = JSON.parse(readFileSync(`/tmp/emb/sents${file}.json`, 'utf8')).slice(0, k)
        await em2.embed(x.slice(0, 60))
        let cpu = 0,
          wall = 0
        for (let r = 0; r < 2; r++) {
          const t = process.cpuUsage(),
            w = performance.now()
          await em2.embed(x)
          const q = process.cpuUsage(t)
          cpu = Math.max(cpu, k / ((q.user + q.system) / 1e6))
          wall = Math.max(wall, (k / (performance.now() - w)) * 1e3)
        }
        console.log(backend, threads, file, 'batchTokens', bt, 'sent/s CPU', cpu.toFixed(1), 'wall', wall.toFixed(1))
        await em2.dispose()
      }
    await engine.dispose()
  }
}, 600000)
