/** The known names that are most like a mistyped one, nearest first; names that are not like it at all are left out. */
export function nearestNames(name: string, known: readonly string[], count = 3): string[] {
  const wanted = name.toLowerCase()
  const last = wanted.split('/').at(-1) ?? wanted
  return known
    .map((each) => {
      const candidate = each.toLowerCase()
      const contained = last.length > 2 && (candidate.includes(last) || last.includes(candidate))
      return { each, distance: contained ? 0.5 : Math.min(editDistance(wanted, candidate), editDistance(last, candidate)) }
    })
    .filter(({ each, distance }) => distance <= Math.max(2, each.length / 3))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, count)
    .map(({ each }) => each)
}

/** Insertions, deletions and substitutions from one text to the other (Levenshtein). */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const current = [i]
    for (let j = 1; j <= b.length; j++) {
      current[j] = Math.min(previous[j] + 1, current[j - 1] + 1, previous[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1))
    }
    previous = current
  }
  return previous[b.length]
}
