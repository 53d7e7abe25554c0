import { MsError } from '@ms/core'
import { z } from 'zod'
import type { TokenizerJson, TypedPart } from './tokenizer-json.js'

/** Ids that stand before and after a single text. */
export interface SpecialTemplate {
  readonly before: readonly number[]
  readonly after: readonly number[]
}

const pair = z.tuple([z.string(), z.number().int().nonnegative()])
const pairProcessor = z.looseObject({ sep: pair, cls: pair })
const sequence = z.looseObject({ processors: z.array(z.looseObject({ type: z.string() })) })
const template = z.looseObject({
  single: z.array(
    z.union([z.object({ SpecialToken: z.looseObject({ id: z.string() }) }), z.object({ Sequence: z.looseObject({ id: z.string() }) })]),
  ),
  special_tokens: z.record(z.string(), z.looseObject({ ids: z.array(z.number().int().nonnegative()) })),
})

/**
 * What the post-processor of a tokenizer.json puts around a single text.
 *
 * @throws `tokenizer.unsupported` for a post-processor that is not known, `tokenizer.malformed`
 */
export function specialTemplate(json: TokenizerJson, where: string): SpecialTemplate {
  return json.post_processor ? templateOf(json.post_processor, where) : { before: [], after: [] }
}

function templateOf(processor: TypedPart, where: string): SpecialTemplate {
  switch (processor.type) {
    case 'ByteLevel':
      return { before: [], after: [] }
    case 'BertProcessing':
    case 'RobertaProcessing': {
      const { cls, sep } = check(pairProcessor, processor, where)
      return { before: [cls[1]], after: [sep[1]] }
    }
    case 'TemplateProcessing':
      return fromTemplate(check(template, processor, where), where)
    case 'Sequence':
      // Each one works on what the one before made: later ones stand outside.
      return check(sequence, processor, where)
        .processors.map((part) => templateOf(part, where))
        .reduce((inner, outer) => ({ before: [...outer.before, ...inner.before], after: [...inner.after, ...outer.after] }))
    default:
      throw new MsError('tokenizer.unsupported', `the post-processor ${processor.type} is not known`, {
        where,
        advice: 'Take a tokenizer with TemplateProcessing, BertProcessing or RobertaProcessing.',
      })
  }
}

function fromTemplate({ single, special_tokens }: z.infer<typeof template>, where: string): SpecialTemplate {
  const before: number[] = []
  const after: number[] = []
  let texts = 0
  for (const part of single) {
    if ('Sequence' in part) texts++
    else {
      const special = special_tokens[part.SpecialToken.id]
      if (!special) {
        throw new MsError('tokenizer.malformed', `the post-processor uses ${part.SpecialToken.id}, but special_tokens has no such entry`, {
          where,
        })
      }
      ;(texts === 0 ? before : after).push(...special.ids)
    }
  }
  if (texts !== 1) throw new MsError('tokenizer.unsupported', `the template for a single text has the text ${texts} times`, { where })
  return { before, after }
}

function check<T>(schema: z.ZodType<T>, part: TypedPart, where: string): T {
  const result = schema.safeParse(part)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  throw new MsError('tokenizer.malformed', `post_processor.${issue.path.join('.')}: ${issue.message}`, { where })
}
