// Required before a program: says at its end, on stderr, whether TensorFlow.js was loaded and what CPU time it took.
process.on('exit', () => {
  const { user, system } = process.cpuUsage()
  const tensorflow = Object.keys(require.cache).some((path) => path.includes('tensorflow'))
  process.stderr.write(`process ${JSON.stringify({ tensorflow, cpuMs: (user + system) / 1000 })}\n`)
})
