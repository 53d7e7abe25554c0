import { type ModelFiles, MsError } from '@ms/core'
import type { z } from 'zod'

const whereIs = (files: ModelFiles, name: string) => `${files.location}/${name}`

/**
 * Reads and checks one JSON file of a model.
 * @throws `file.missing`, `config.malformed` when it is no JSON, `config.invalid` naming the field that is wrong
 */
export async function readJson<T>(files: ModelFiles, name: string, schema: z.ZodType<T>): Promise<T> {
  const where = whereIs(files, name)
  let json: unknown
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(await files.read(name)))
  } catch (cause) {
    if (MsError.isInstance(cause)) throw cause
    throw new MsError('config.malformed', `this file is not valid JSON: ${cause instanceof Error ? cause.message : cause}`, {
      where,
      advice: 'Fetch the model again; the file may be cut short.',
      cause,
    })
  }
  return checked(json, schema, where)
}

/** The same, or `undefined` where the listing does not name the file. */
export async function readJsonIfThere<T>(
  files: ModelFiles,
  names: ReadonlySet<string>,
  name: string,
  schema: z.ZodType<T>,
): Promise<T | undefined> {
  return names.has(name) ? readJson(files, name, schema) : undefined
}

/** @throws `config.invalid` naming the field */
export function checked<T>(json: unknown, schema: z.ZodType<T>, where: string): T {
  const result = schema.safeParse(json)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  const field = issue.path.map(String).join('.')
  throw new MsError('config.invalid', `${field ? `the field ${field}` : 'the file'} is wrong: ${issue.message}`, {
    where,
    details: { field },
  })
}
