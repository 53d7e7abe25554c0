import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const other = join(import.meta.dirname, '..', 'text-search')

it.each(['train.ts', 'search.ts', 'demo.ts', 'recipe.ts', 'data/task.ts'])('%s is that of text search, byte for byte', async (name) => {
  const [here, there] = await Promise.all([import.meta.dirname, other].map((folder) => readFile(join(folder, name))))
  expect(here.equals(there)).toBe(true)
})
