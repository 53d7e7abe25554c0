/** `a, b, c and 9 more`: names for a message, which stays readable when there are hundreds. */
export function listNames(names: readonly string[], most = 6): string {
  const shown = names.slice(0, most).join(', ')
  return names.length > most ? `${shown} and ${names.length - most} more` : shown
}
