import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The comment's prose: no tags' names, no code, no markup. */
function prose(comment) {
  return comment
    .replace(/^\s*\*? ?/gm, '')
    .replace(/```[\s\S]*?(```|$)/g, ' ')
    .replace(/\{@link\s+([^\s|}]+)\s*\|?\s*([^}]*)\}/g, (_, target, text) => text.trim() || target)
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/<[^>]+>/g, ' ')
    .replace(/`([^`]*)`/g, '$1')
    .replace(/\[Api set:[^\]]*\]/gi, ' ')
    .replace(/\*\*([^*]+)\*\*:?/g, '$1')
    .replace(/https?:\S+/g, ' ')
}

/**
 * Sentences of the documentation comments of TypeScript declarations: how the parts of word processors,
 * spreadsheets, presentations and mail programs are called and what they do.
 * @param {string} folder of a package of declarations
 */
export function readDeclarations(folder) {
  const out = new Set()
  for (const file of readdirSync(folder).sort()) {
    if (!file.endsWith('.d.ts')) continue
    for (const [, comment] of readFileSync(join(folder, file), 'utf8').matchAll(/\/\*\*([\s\S]*?)\*\//g)) {
      const [description, ...tags] = prose(comment).split(/^@(?=\w)/m)
      const parts = [
        description,
        ...tags
          .filter((tag) => /^(remarks|returns|param)\b/.test(tag))
          .map((tag) => tag.replace(/^(remarks|returns?|param\s+\S+)\s*-?/, '')),
      ]
      for (const part of parts) {
        for (const block of part.split(/\n\s*\n/)) {
          const text = block.replace(/\s+/g, ' ').trim()
          if (text.length < 25 || text.length > 600 || !text.includes(' ')) continue
          if (text.replace(/[^a-z ]/gi, '').length / text.length > 0.85) out.add(text)
        }
      }
    }
  }
  return [...out]
}
