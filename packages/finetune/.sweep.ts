import { holdOutDev, readRetrievalData } from '@ms/core'
import { directoryFiles } from '@ms/core/node'
import { loadEncoder } from '@ms/embed'
import { createEagerEngine } from '@ms/runtime'
import {
  defaultSettings,
  examplesFromRetrieval,
  finish,
  formatEpoch,
  multipleNegativesRanking,
  retrievalEvaluator,
  train,
} from './src/index.js'

const [, , model, dataDir, ...rest] = process.argv
const engine = await createEagerEngine({ backend: 'wasm', threads: 1 })
const encoder = await loadEncoder(directoryFiles(model))
const data = await holdOutDev(await readRetrievalData(directoryFiles(dataDir)))
const examples = examplesFromRetrieval(data)
const base = defaultSettings(encoder, examples)
console.log(
  data.name,
  'examples',
  examples.columns[0].length,
  'dev',
  data.qrels.get('dev')?.size,
  'default',
  base.epochs,
  base.batchSize,
  base.learningRate,
)
const test = process.env.TEST ? retrievalEvaluator({ data, split: 'test', engine }) : undefined
if (test) console.log('test untuned', (await test(encoder, {}))['ndcg@10'].toFixed(4))
for (const variant of rest) {
  const o: any = Object.fromEntries(
    variant
      .split(',')
      .filter((x) => x.includes('='))
      .map((x) => {
        const [k, v] = x.split('=')
        return [k, Number(v)]
      }),
  )
  const c = process.cpuUsage()
  const line: string[] = []
  const result = await finish(
    train({
      encoder,
      examples,
      engine,
      loss: multipleNegativesRanking({ scale: o.scale ?? 20, symmetric: !!o.sym }),
      settings: {
        ...base,
        epochs: o.epochs ?? base.epochs,
        batchSize: o.batch ?? base.batchSize,
        learningRate: base.learningRate * (o.lr ?? 1),
        seed: o.seed ?? 1,
      },
      evaluate: retrievalEvaluator({ data, engine }),
    }),
    (e) => {
      if (e.type === 'start') line.push((e.metrics?.['ndcg@10'] ?? 0).toFixed(3))
      if (e.type === 'epoch') line.push((e.metrics?.['ndcg@10'] ?? 0).toFixed(3))
      if (e.type === 'end') line.push('best ' + e.metrics?.['ndcg@10'].toFixed(4) + ' @' + e.bestStep + ' drift ' + e.lossDiff?.toFixed(2))
    },
  )
  const d = process.cpuUsage(c)
  console.log(
    variant.padEnd(28),
    line.join(' '),
    ((d.user + d.system) / 1e6).toFixed(1) + ' s',
    test ? 'TEST ' + (await test(result.encoder, {}))['ndcg@10'].toFixed(4) : '',
  )
}
await engine.dispose()
