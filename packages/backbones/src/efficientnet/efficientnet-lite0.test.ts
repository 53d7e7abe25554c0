import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { directoryFiles } from '@ms/core/node'
import { openEngine } from '@ms/runtime/node'
import { describe, expect, it } from 'vitest'
import { architectureFiles } from '../architectures/architecture-files.js'
import { architectures } from '../architectures/architectures.js'
import { loadBackbone } from '../architectures/load-backbone.js'
import { drawnSize, drawPicture } from '../fixtures/draw-picture.js'

const environment = process.env
const cache = environment['MS_CACHE'] ?? fileURLToPath(new URL('../../../../.cache', import.meta.url))
const folder = join(cache, 'models', 'efficientnet-lite0')
const file = 'efficientnet-lite0-57934424.pth'
const present = existsSync(join(folder, file))
const title = present ? 'the real EfficientNet-Lite0' : 'the real EfficientNet-Lite0 (skipped: run node scripts/fetch-test-models.mjs)'

/** For each of twenty drawn pictures, the five likeliest classes that PyTorch names. */
const golden: number[][] = JSON.parse(readFileSync(new URL('../../golden/efficientnet-lite0-top5.json', import.meta.url), 'utf8'))

describe.skipIf(!present)(title, () => {
  it('names the same five classes as PyTorch, in the same order, for every drawn picture', async () => {
    const { backbone, classifier, parameters } = await loadBackbone(architectureFiles('efficientnet_lite0', directoryFiles(folder), file), {
      classifier: true,
    })
    const { preprocessing } = architectures.get('efficientnet_lite0') ?? {}
    if (!classifier || !preprocessing) throw new TypeError('there is a classifier')
    const { mean, std } = preprocessing
    const engine = await openEngine({ backend: 'wasm', threads: 1 })
    const compiled = await engine.compile(
      (weights, inputs) => {
        const mode = { training: false }
        return { logits: classifier.forward(backbone.forward(inputs, weights, mode), weights, mode) }
      },
      { constants: parameters },
    )
    const found: number[][] = []
    for (let number = 0; number < golden.length; number++) {
      const data = Float32Array.from(drawPicture(number), (value, i) => (value / 255 - mean[i % 3]) / std[i % 3])
      const { logits } = await compiled.run({ pixel_values: { shape: [1, drawnSize, drawnSize, 3], data } })
      expect(logits.shape).toEqual([1, 1000])
      const order = Array.from(logits.data, (_, i) => i).sort((a, b) => logits.data[b] - logits.data[a])
      found.push(order.slice(0, 5))
    }
    expect(found).toEqual(golden)
    compiled.dispose()
    await engine.dispose()
  })
})
