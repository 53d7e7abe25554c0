export interface AddedToken {
  readonly content: string
  readonly id: number
}

export interface FoundToken {
  readonly begin: number
  readonly after: number
  readonly id: number
}

const none: readonly FoundToken[] = []

/** Finds added tokens (`[MASK]` and the like) in a raw text: from the left, the longest where several start. */
export function addedTokenFinder(tokens: readonly AddedToken[]): (text: string) => readonly FoundToken[] {
  const byLength = tokens.filter((token) => token.content !== '').sort((a, b) => b.content.length - a.content.length)
  const firsts = [...new Set(byLength.map((token) => token.content[0]))]
  return (text) => {
    // Most texts have no such character at all, and indexOf finds that out at memory speed.
    if (firsts.every((first) => text.indexOf(first) < 0)) return none
    const found: FoundToken[] = []
    for (let i = 0; i < text.length; ) {
      const token = firsts.includes(text[i]) ? byLength.find((candidate) => text.startsWith(candidate.content, i)) : undefined
      if (token) {
        found.push({ begin: i, after: i + token.content.length, id: token.id })
        i += token.content.length
      } else i++
    }
    return found
  }
}
