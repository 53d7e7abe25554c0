/** What is known of a model on the hub without fetching it. */
export interface Preset {
  /** How it is named on the command line. */
  readonly name: string
  /** On the hub: `org/name`. */
  readonly id: string
  /** `model_type` of its config.json, or of what timm's name stands for; `static` for a table of token embeddings. */
  readonly architecture: 'bert' | 'static' | 'mpnet' | 'xlm-roberta' | PictureFamily
  /** Language codes; `mul`: many (see `about`). None: it reads pictures. */
  readonly languages: readonly string[]
  /** Width of its embeddings. */
  readonly dim: number
  /** Transformer layers; 0 for a table or a convolutional network. */
  readonly layers: number
  /** In millions. */
  readonly parameters: number
  /** Of the weights to be fetched, 10^6 bytes. */
  readonly megabytes: number
  /** Longest text in tokens, special tokens included; undefined: any length. */
  readonly maxTokens?: number
  /** What the model wants before a text. It is in the model's own files only in part. */
  readonly prompts?: { readonly query?: string; readonly document?: string }
  /** SPDX identifier. */
  readonly licence: 'Apache-2.0' | 'MIT' | 'BSD-3-Clause'
  readonly about?: string
}

type PictureFamily = 'vgg' | 'resnet' | 'mobilenet_v2' | 'mobilenet_v3' | 'efficientnet'

/** Whether networks of this architecture can be computed. */
export const isSupported = ({ architecture }: Preset): boolean => architecture !== 'mpnet' && architecture !== 'xlm-roberta'

type Row = [
  id: string,
  languages: string,
  dim: number,
  layers: number,
  parameters: number,
  megabytes: number,
  maxTokens: number | undefined,
]
type Rest = Partial<Pick<Preset, 'prompts' | 'about'>> & Pick<Preset, 'licence'>

const row =
  (architecture: Preset['architecture'], rest: Rest) =>
  ([id, languages, dim, layers, parameters, megabytes, maxTokens]: Row, about: Partial<Rest> = {}): Preset => ({
    name: id.slice(id.indexOf('/') + 1).toLowerCase(),
    id,
    architecture,
    languages: languages.split(' ').filter(Boolean),
    dim,
    layers,
    parameters,
    megabytes,
    maxTokens,
    ...rest,
    ...about,
  })

const passages = { query: 'Represent this sentence for searching relevant passages: ' }
const passagesZh = { query: '为这个句子生成表示以用于检索相关文章：' }
const e5Prompts = { query: 'query: ', document: 'passage: ' }

const apache = row('bert', { licence: 'Apache-2.0' })
const mit = row('bert', { licence: 'MIT' })
const bge = row('bert', { licence: 'MIT', prompts: passages })
const bgeZh = row('bert', { licence: 'MIT', prompts: passagesZh })
const e5 = row('bert', { licence: 'MIT', prompts: e5Prompts })
const arctic = row('bert', { licence: 'Apache-2.0', prompts: passages })
const potion = row('static', { licence: 'MIT' })
const table = row('static', { licence: 'Apache-2.0' })

/** A network for pictures, with 1,000 ImageNet classes on top that are not used. */
const pictures = (
  architecture: PictureFamily,
  id: string,
  dim: number,
  parameters: number,
  megabytes: number,
  licence: Preset['licence'] = 'Apache-2.0',
): Preset =>
  row(architecture, { licence, about: 'pictures, made for 224 × 224 pixels' })([id, '', dim, 0, parameters, megabytes, undefined])

/** Models to begin with, by kind; any other of a supported architecture can be named by its id. */
export const presets: readonly Preset[] = [
  apache(['sentence-transformers/all-MiniLM-L6-v2', 'en', 384, 6, 22.7, 91, 256]),
  apache(['sentence-transformers/all-MiniLM-L12-v2', 'en', 384, 12, 33.4, 133, 128]),
  apache(['sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2', 'mul', 384, 12, 117.7, 471, 128], { about: 'some 50 languages' }),
  apache(['sentence-transformers/LaBSE', 'mul', 768, 12, 470.9, 1884, 256], { about: '109 languages; made for finding translations' }),
  row('mpnet', { licence: 'Apache-2.0' })(['sentence-transformers/all-mpnet-base-v2', 'en', 768, 12, 109.5, 438, 384]),

  bge(['BAAI/bge-small-en-v1.5', 'en', 384, 12, 33.4, 133, 512]),
  bge(['BAAI/bge-base-en-v1.5', 'en', 768, 12, 109.5, 438, 512]),
  bge(['BAAI/bge-large-en-v1.5', 'en', 1024, 24, 335.1, 1341, 512]),
  bgeZh(['BAAI/bge-small-zh-v1.5', 'zh', 512, 4, 24, 96, 512]),
  bgeZh(['BAAI/bge-base-zh-v1.5', 'zh', 768, 12, 102.3, 409, 512]),
  bgeZh(['BAAI/bge-large-zh-v1.5', 'zh', 1024, 24, 325.5, 1302, 512]),

  e5(['intfloat/e5-small-v2', 'en', 384, 12, 33.4, 133, 512]),
  e5(['intfloat/e5-base-v2', 'en', 768, 12, 109.5, 438, 512]),
  e5(['intfloat/e5-large-v2', 'en', 1024, 24, 335.1, 1341, 512]),
  e5(['intfloat/multilingual-e5-small', 'mul', 384, 12, 117.7, 471, 512], { about: 'some 100 languages' }),
  row('xlm-roberta', { licence: 'MIT', prompts: e5Prompts, about: 'some 100 languages' })([
    'intfloat/multilingual-e5-base',
    'mul',
    768,
    12,
    278,
    1112,
    512,
  ]),
  row('xlm-roberta', { licence: 'MIT', prompts: e5Prompts, about: 'some 100 languages' })([
    'intfloat/multilingual-e5-large',
    'mul',
    1024,
    24,
    559.9,
    2240,
    512,
  ]),

  mit(['thenlper/gte-small', 'en', 384, 12, 33.4, 67, 512]),
  mit(['thenlper/gte-base', 'en', 768, 12, 109.5, 219, 512]),
  mit(['thenlper/gte-large', 'en', 1024, 24, 335.1, 670, 512]),
  mit(['thenlper/gte-small-zh', 'zh', 512, 6, 30.3, 61, 512]),
  mit(['thenlper/gte-base-zh', 'zh', 768, 12, 102.3, 205, 512]),
  mit(['thenlper/gte-large-zh', 'zh', 1024, 24, 325.5, 651, 512]),

  arctic(['Snowflake/snowflake-arctic-embed-xs', 'en', 384, 6, 22.7, 91, 512]),
  arctic(['Snowflake/snowflake-arctic-embed-s', 'en', 384, 12, 33.4, 133, 512]),
  arctic(['Snowflake/snowflake-arctic-embed-m', 'en', 768, 12, 109.5, 438, 512]),
  arctic(['mixedbread-ai/mxbai-embed-large-v1', 'en', 1024, 24, 335.1, 670, 512]),
  apache(['shibing624/text2vec-base-chinese', 'zh', 768, 12, 102.3, 409, 128]),

  potion(['minishlab/potion-base-2M', 'en', 64, 0, 1.9, 8, undefined]),
  potion(['minishlab/potion-base-8M', 'en', 256, 0, 7.6, 30, undefined]),
  potion(['minishlab/potion-base-32M', 'en', 512, 0, 32.3, 129, undefined]),
  potion(['minishlab/potion-retrieval-32M', 'en', 512, 0, 32.3, 129, undefined]),
  potion(['minishlab/potion-multilingual-128M', 'mul', 256, 0, 128.1, 512, undefined], { about: '101 languages' }),
  table(['sentence-transformers/static-retrieval-mrl-en-v1', 'en', 1024, 0, 31.3, 125, undefined]),
  table(['sentence-transformers/static-similarity-mrl-multilingual-v1', 'mul', 1024, 0, 108.4, 434, undefined], {
    about: 'some 50 languages',
  }),

  pictures('efficientnet', 'timm/tf_efficientnet_lite0.in1k', 1280, 4.7, 19),
  pictures('efficientnet', 'timm/efficientnet_b0.ra_in1k', 1280, 5.3, 21),
  pictures('mobilenet_v2', 'timm/mobilenetv2_100.ra_in1k', 1280, 3.5, 14),
  pictures('mobilenet_v3', 'timm/mobilenetv3_small_100.lamb_in1k', 576, 2.5, 10),
  pictures('mobilenet_v3', 'timm/mobilenetv3_large_100.ra_in1k', 960, 5.5, 22),
  pictures('resnet', 'timm/resnet18.a1_in1k', 512, 11.7, 47),
  pictures('resnet', 'timm/resnet50.a1_in1k', 2048, 25.6, 102),
  pictures('resnet', 'timm/resnext50_32x4d.a1h_in1k', 2048, 25, 100),
  pictures('resnet', 'timm/wide_resnet50_2.racm_in1k', 2048, 68.9, 276),
  pictures('vgg', 'timm/vgg16.tv_in1k', 512, 138.4, 553, 'BSD-3-Clause'),
  pictures('resnet', 'microsoft/resnet-50', 2048, 25.6, 102),
]

/** The preset of that name or hub id, in whatever case; undefined when there is none. */
export function findPreset(name: string): Preset | undefined {
  const wanted = name.toLowerCase()
  return presets.find((preset) => preset.name === wanted || preset.id.toLowerCase() === wanted)
}
