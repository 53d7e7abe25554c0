import { MsError, memoryFiles } from '@ms/core'
import { describe, expect, it } from 'vitest'
import { tinyEncoder } from './fixtures/tiny-encoders.js'
import { loadEncoder } from './load-encoder.js'

type Files = Record<string, Uint8Array | string>

async function filesOf(name: string): Promise<Files> {
  const { files } = tinyEncoder(name)
  const copy: Files = {}
  for (const file of await files.list()) copy[file] = await files.read(file)
  return copy
}

const decode = (bytes: Uint8Array | string) => (typeof bytes === 'string' ? bytes : new TextDecoder().decode(bytes))

// biome-ignore lint/suspicious/noExplicitAny: the cases edit JSON of many shapes.
const edited = (file: string, change: (json: any) => unknown) => (files: Files) => {
  const json: unknown = JSON.parse(decode(files[file] ?? '{}'))
  const result = change(json)
  files[file] = JSON.stringify(Array.isArray(result) ? result : json)
}

const cases: { name: string; base?: string; change(files: Files): void; code: string; where?: string; message?: RegExp }[] = [
  {
    name: 'nothing there',
    change: (files) => Object.keys(files).map((file) => delete files[file]),
    code: 'encoder.unrecognised',
    where: 'M',
  },
  { name: 'modules.json is no JSON', change: (files) => (files['modules.json'] = '[{'), code: 'config.malformed', where: 'M/modules.json' },
  { name: 'modules.json is empty', change: (files) => (files['modules.json'] = '[]'), code: 'config.invalid', where: 'M/modules.json' },
  {
    name: 'a module without a path',
    change: edited('modules.json', (list) => delete list[1].path),
    code: 'config.invalid',
    message: /1\.path/,
  },
  {
    name: 'a path that leads out',
    change: edited('modules.json', (list) => (list[1].path = '../1_Pooling')),
    code: 'config.invalid',
    message: /1\.path/,
  },
  {
    name: 'a module type that is not known',
    change: edited('modules.json', (list) => (list[1].type = 'sentence_transformers.models.LSTM')),
    code: 'encoder.module-unknown',
    message: /LSTM/,
  },
  {
    name: "a module of the model's own code",
    change: edited('modules.json', (list) => (list[1].type = 'custom_st.Pooling')),
    code: 'encoder.module-unknown',
    message: /custom_st\.Pooling/,
  },
  { name: 'no network first', change: edited('modules.json', (list) => list.slice(1)), code: 'encoder.order', where: 'M/modules.json' },
  { name: 'two networks', change: edited('modules.json', (list) => [list[0], list[0], list[1]]), code: 'encoder.order' },
  { name: 'nothing pools', change: edited('modules.json', (list) => [list[0]]), code: 'encoder.no-embedding' },
  {
    name: 'pooling after a table',
    base: 'static',
    change: edited('modules.json', (list) => {
      list.push({ idx: 1, name: '1', path: '1_Pooling', type: 'sentence_transformers.models.Pooling' })
    }),
    code: 'encoder.order',
  },
  { name: 'no config.json', change: (files) => delete files['config.json'], code: 'file.missing' },
  {
    name: 'another family',
    change: edited('config.json', (json) => {
      json.model_type = 'mamba'
    }),
    code: 'encoder.backbone-unknown',
    message: /mamba/,
  },
  {
    name: 'a field of config.json',
    change: edited('config.json', (json) => {
      json.num_hidden_layers = 'two'
    }),
    code: 'config.invalid',
    where: 'M/config.json',
    message: /num_hidden_layers/,
  },
  {
    name: 'another width',
    change: edited('config.json', (json) => {
      json.hidden_size = 24
    }),
    code: 'weights.shape',
  },
  {
    name: 'more layers than weights',
    change: edited('config.json', (json) => {
      json.num_hidden_layers = 3
    }),
    code: 'weights.missing',
  },
  {
    name: 'fewer layers than weights',
    change: edited('config.json', (json) => {
      json.num_hidden_layers = 1
    }),
    code: 'weights.extra',
  },
  {
    name: 'pooling of another width',
    change: edited('1_Pooling/config.json', (json) => {
      json.embedding_dimension = 13
    }),
    code: 'encoder.width',
    where: 'M/1_Pooling/config.json',
  },
  {
    name: 'pooling that is not known',
    change: edited('1_Pooling/config.json', (json) => {
      json.pooling_mode = 'attention'
    }),
    code: 'config.invalid',
    message: /pooling_mode/,
  },
  {
    name: 'dense of another width',
    base: 'two dense layers',
    change: edited('2_Dense/config.json', (json) => {
      json.in_features = 99
    }),
    code: 'encoder.width',
    where: 'M/2_Dense/config.json',
  },
  {
    name: 'an activation that is not known',
    base: 'two dense layers',
    change: edited('2_Dense/config.json', (json) => {
      json.activation_function = 'torch.nn.modules.activation.Hardshrink'
    }),
    code: 'encoder.activation-unknown',
    where: 'M/2_Dense/config.json',
    message: /Hardshrink/,
  },
  {
    name: 'an activation of foreign code',
    base: 'two dense layers',
    change: edited('2_Dense/config.json', (json) => {
      json.activation_function = 'evil.Tanh'
    }),
    code: 'encoder.activation-unknown',
  },
  {
    name: 'a feature that is not known',
    base: 'two dense layers',
    change: edited('2_Dense/config.json', (json) => {
      json.module_input_name = 'image'
    }),
    code: 'encoder.feature-unknown',
    message: /module_input_name/,
  },
  {
    name: 'dense without weights',
    base: 'two dense layers',
    change: (files) => delete files['2_Dense/model.safetensors'],
    code: 'weights.none',
  },
  {
    name: 'dense without its config',
    base: 'two dense layers',
    change: (files) => delete files['2_Dense/config.json'],
    code: 'config.invalid',
    message: /in_features/,
  },
  {
    name: 'cut weights',
    change: (files) => {
      files['model.safetensors'] = (files['model.safetensors'] as Uint8Array).subarray(0, 3000)
    },
    code: 'checkpoint.truncated',
  },
  { name: 'no tokenizer', change: (files) => delete files['tokenizer.json'], code: 'tokenizer.none' },
  {
    name: 'a tokenizer of another vocabulary',
    change: edited('tokenizer.json', (json) => {
      json.model.vocab['extra'] = 5000
    }),
    code: 'tokenizer.vocabulary',
  },
  {
    name: 'a table that is too short for its tokenizer',
    base: 'static',
    change: edited('tokenizer.json', (json) => {
      json.model.vocab['extra'] = 5000
    }),
    code: 'tokenizer.vocabulary',
  },
  {
    name: 'max_seq_length 0',
    change: edited('sentence_bert_config.json', (json) => {
      json.max_seq_length = 0
    }),
    code: 'config.invalid',
    where: 'M/sentence_bert_config.json',
    message: /max_seq_length/,
  },
  {
    name: 'expanded queries',
    change: edited('sentence_bert_config.json', (json) => {
      json.query_expansion = { strategy: 'fixed', length: 32 }
    }),
    code: 'config.invalid',
    message: /query_expansion/,
  },
  {
    name: 'a cross-encoder',
    change: edited('config_sentence_transformers.json', (json) => {
      json.model_type = 'CrossEncoder'
    }),
    code: 'config.invalid',
    where: 'M/config_sentence_transformers.json',
    message: /model_type/,
  },
  {
    name: 'a prompt that is no text',
    change: edited('config_sentence_transformers.json', (json) => {
      json.prompts = { query: 5 }
    }),
    code: 'config.invalid',
    message: /prompts\.query/,
  },
  {
    name: 'a default prompt that is not there',
    change: edited('config_sentence_transformers.json', (json) => {
      json.prompts = {}
      json.default_prompt_name = 'none'
    }),
    code: 'encoder.prompt-unknown',
    message: /none/,
  },
  {
    name: 'truncate_dim 0',
    change: edited('config_sentence_transformers.json', (json) => {
      json.truncate_dim = 0
    }),
    code: 'config.invalid',
    message: /truncate_dim/,
  },
]

describe('loadEncoder names what is wrong with', () => {
  for (const { name, base = 'mean, normalised', change, code, where, message } of cases) {
    it(name, async () => {
      const files = await filesOf(base)
      change(files)
      const error: unknown = await loadEncoder(memoryFiles(files, 'M')).catch((cause: unknown) => cause)
      expect(MsError.isInstance(error), String(error)).toBe(true)
      expect(error).toMatchObject({ code, kind: 'input' })
      if (where) expect(error).toMatchObject({ where })
      if (message) expect((error as MsError).message).toMatch(message)
    })
  }

  it('options', async () => {
    const { files } = tinyEncoder('static')
    await expect(loadEncoder(files, { maxLength: 0 })).rejects.toMatchObject({ code: 'encoder.option', where: 'maxLength' })
    await expect(loadEncoder(files, { padToMultiple: 2.5 })).rejects.toMatchObject({ code: 'encoder.option', where: 'padToMultiple' })
    await expect(loadEncoder(tinyEncoder('mean, normalised').files, { backbones: [] })).rejects.toMatchObject({
      code: 'encoder.backbone-unknown',
    })
  })
})

describe('a loaded encoder', () => {
  it('refuses weights of other names or shapes', async () => {
    const encoder = await loadEncoder(tinyEncoder('two dense layers').files)
    const without = new Map(encoder.parameters)
    without.delete('2_Dense.linear.bias')
    expect(() => encoder.withParameters(without)).toThrow(
      expect.objectContaining({ code: 'weights.missing', where: '2_Dense.linear.bias' }),
    )
    const reshaped = new Map(encoder.parameters).set('2_Dense.linear.bias', { shape: [19], data: new Float32Array(19) })
    expect(() => encoder.withParameters(reshaped)).toThrow(expect.objectContaining({ code: 'weights.shape' }))
    const more = new Map(encoder.parameters).set('other', { shape: [1], data: new Float32Array(1) })
    expect(() => encoder.withParameters(more)).toThrow(expect.objectContaining({ code: 'weights.extra', where: 'other' }))
  })

  it('says that a plain Hugging Face directory names no pooling', async () => {
    const encoder = await loadEncoder(tinyEncoder('plain Hugging Face directory').files)
    expect(encoder.notices.map(({ code }) => code)).toEqual(['encoder.no-pooling'])
    expect((await loadEncoder(tinyEncoder('older layout').files)).notices).toEqual([])
  })

  it('pads to multiples when asked to, never beyond its positions', async () => {
    const encoder = await loadEncoder(tinyEncoder('mean, normalised').files, { padToMultiple: 10, maxLength: 64 })
    const shape = async (text: string) => encoder.processor.collate(await encoder.processor.prepare([text], 'document'))['input_ids'].shape
    expect(await shape('a b c')).toEqual([1, 10])
    expect(await shape('a '.repeat(9))).toEqual([1, 20])
    expect(await shape('a '.repeat(100))).toEqual([1, 64])
  })
})
