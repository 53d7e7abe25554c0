import { MsError, type Role } from '@ms/core'

/** Texts that are put before an item, by name. */
export type Prompts = Readonly<Record<string, string>>

export interface PromptSettings {
  readonly prompts: Prompts
  /** The one that is used where none is meant for the role. */
  readonly defaultPromptName?: string
}

/** Names that are looked up for a role, in this order: those of sentence-transformers' encode_query and encode_document. */
const namesByRole: Readonly<Record<Role, readonly string[]>> = { query: ['query'], document: ['document', 'passage', 'corpus'] }

/**
 * What is put before an item of this role. A prompt that is there but empty is meant to be empty.
 * @throws `encoder.prompt-unknown` when the default prompt's name is not among the prompts
 */
export function promptFor(role: Role, { prompts, defaultPromptName }: PromptSettings): string {
  const name = namesByRole[role].find((each) => Object.hasOwn(prompts, each)) ?? defaultPromptName
  if (name === undefined) return ''
  if (!Object.hasOwn(prompts, name)) {
    throw new MsError('encoder.prompt-unknown', `the field default_prompt_name is ${name}, and no prompt has that name`, {
      where: 'config_sentence_transformers.json',
      advice: `Prompts there: ${Object.keys(prompts).join(', ') || 'none'}.`,
    })
  }
  return prompts[name]
}
