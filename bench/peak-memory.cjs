// Required before a program: says at its end, on stderr, what CPU time and how much memory at most it took.
process.on('exit', () => {
  const { user, system } = process.cpuUsage()
  const peakMb = Math.round(process.resourceUsage().maxRSS / 1000)
  process.stderr.write(`\nprocess ${JSON.stringify({ cpuMs: (user + system) / 1000, peakMb })}\n`)
})
