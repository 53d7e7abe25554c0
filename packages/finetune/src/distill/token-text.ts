/**
 * What a token of a vocabulary stands for in a text: `##ing` and `▁ing` (and byte-level `Ġing`) for `ing`.
 * Undefined for tokens that stand for no text: `[CLS]`, `<pad>`, a lone word mark.
 */
export function tokenText(token: string): string | undefined {
  if (/^(\[[A-Za-z0-9_-]+\]|<\/?[A-Za-z0-9_|-]+>)$/.test(token)) return undefined
  const text = token.replace(/^(##|▁|Ġ)(?=.)/u, '').replace(/(?<=.)<\/w>$/u, '')
  return text === '▁' || text === 'Ġ' || text === '' ? undefined : text
}
