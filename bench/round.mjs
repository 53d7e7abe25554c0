// What one round of a measurement is made of: CPU time of this process, all its threads, and its largest memory.
// MS_CLOCK=wall: the time on the clock instead.

/** @returns a function that tells the CPU milliseconds since */
export function clock() {
  if (process.env.MS_CLOCK === 'wall') {
    const began = performance.now()
    return () => performance.now() - began
  }
  const start = process.cpuUsage()
  return () => {
    const { user, system } = process.cpuUsage(start)
    return (user + system) / 1000
  }
}

/** Ends the round: one line of JSON on stdout. */
export function report(figures) {
  console.log(JSON.stringify({ ...figures, peakMb: Math.round(process.resourceUsage().maxRSS / 1000) }))
}
