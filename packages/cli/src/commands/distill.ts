import { writeSafetensors } from '@ms/backbones'
import { MsError, memoryFiles } from '@ms/core'
import { createEmbedder, loadEncoder, type SentenceEncoder, withPooling } from '@ms/embed'
import { saveEncoderDirectory } from '@ms/embed/node'
import { distill } from '@ms/finetune'
import { defineCommand } from '../command.js'
import { computeOptions, seedOption } from '../compute-options.js'
import { openEngineFor } from '../open-engine.js'
import { openModel } from '../open-model.js'
import { wrongUse } from '../option-values.js'
import { progressBar } from '../progress-bar.js'
import { readItems } from '../read-items.js'

export const distillCommand = defineCommand({
  name: 'distill',
  summary: 'Make a small static model of a large one, from texts without labels',
  usage: '--teacher M --texts FILE --out DIR',
  options: {
    teacher: { type: 'string', value: 'M', help: 'the model to learn from: a preset, hub id, folder or finished run', required: true },
    texts: {
      type: 'strings',
      value: 'FILE',
      help: '.jsonl or .txt; may be given several times. The more, the better: 100,000 texts are a start',
    },
    out: { type: 'string', value: 'DIR', help: 'folder of the static model, a sentence-transformers directory', required: true },
    dim: { type: 'integer', min: 1, max: 4096, value: 'N', help: 'components (default: 256)' },
    epochs: { type: 'integer', min: 1, max: 1000, help: 'rounds over the texts (default: 2)' },
    precision: { type: 'string', choices: ['float32', 'int8'], help: 'of the saved table (default: float32, which Python loads, too)' },
    ...seedOption,
    ...computeOptions,
  },
  examples: ['ms distill --teacher all-MiniLM-L6-v2 --texts corpus.jsonl --texts more.txt --out small --dim 256'],
  run: async ({ options, terminal, signal }) => {
    if (options.texts.length === 0) throw wrongUse('--texts is missing', '--texts FILE')
    const texts = []
    for (const name of options.texts) {
      const own: string[] = []
      for await (const { text } of readItems(name)) if (text.trim() !== '') own.push(text)
      texts.push({ name, texts: own })
    }
    const encoder = await openModel(options.teacher, { terminal, signal })
    const tokenizerBytes = tokenizerOf(encoder, options.teacher)
    const engine = await openEngineFor(options, terminal, signal)
    const teacher = await createEmbedder(encoder, { engine, normalize: true })
    // What a BERT makes of a single word is best read from its `[CLS]` vector, whatever it was trained to pool.
    const reader = encoder.family === 'bert' ? withPooling(encoder, 'cls') : undefined
    const tokenTeacher = reader && (await createEmbedder(reader, { engine, normalize: true }))
    const bar = progressBar(terminal, 'learn')
    try {
      const { parameters, dim, losses } = await distill({
        teacher,
        tokenTeacher,
        tokenizer: encoder.parts.tokenizer,
        texts,
        dim: options.dim,
        epochs: options.epochs,
        seed: options.seed ?? 1,
        signal,
        onEvent: (event) => {
          if (event.type === 'teacher') terminal.redraw(`teacher reads ${event.name} ${event.done}/${event.total}`)
          else if (event.type === 'space')
            terminal.note(`${event.dim} dimensions hold ${(100 * event.energy).toFixed(1)} % of the teacher's`)
          else terminal.note(`epoch ${event.epoch}  1 − cosine to the teacher ${event.loss.toFixed(4)}`)
        },
        onProgress: ({ done, total }) => bar.update(done, total),
      })
      bar.end()
      const { shape, data } = parameters.get('embedding.weight')!
      const student = await loadEncoder(
        memoryFiles({
          'modules.json': JSON.stringify([
            { idx: 0, name: '0', path: '0_StaticEmbedding', type: 'sentence_transformers.models.StaticEmbedding' },
            { idx: 1, name: '1', path: '1_Normalize', type: 'sentence_transformers.models.Normalize' },
          ]),
          '0_StaticEmbedding/tokenizer.json': tokenizerBytes,
          '0_StaticEmbedding/model.safetensors': writeSafetensors(new Map([['embedding.weight', { dtype: 'F32', shape, data }]])),
        }),
      )
      await saveEncoderDirectory(student, options.out, { precision: options.precision as 'float32' | undefined })
      terminal.print(`${shape[0]} rows of ${dim} in ${options.out}`)
      terminal.printJson({ out: options.out, rows: shape[0], dim, losses })
      return 0
    } finally {
      bar.end()
      await teacher.dispose()
      await tokenTeacher?.dispose()
      await engine.dispose()
    }
  },
})

/** The student reads texts as its teacher does. */
function tokenizerOf(encoder: SentenceEncoder, where: string): Uint8Array {
  const bytes = encoder.parts.files.get('tokenizer.json')
  if (bytes) return bytes
  throw new MsError('distill.tokenizer', 'the teacher has no tokenizer.json', { where, advice: 'Save it with a fast tokenizer first.' })
}
