import { mkdir, readdir, rm, stat, statfs, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { MsError } from '@ms/core'
import { replaceDirectory } from '@ms/core/node'
import { checkNative, type NativeCheck } from './check-native.js'
import { downloadWheels, fetchPackage, unpackWheel } from './fetch-parts.js'
import { hushSource } from './hush.js'
import {
  addonFile,
  addonPackage,
  findNativeBuild,
  hushFile,
  manifestFormat,
  manifestName,
  type NativeBuild,
  type NativeManifest,
  nativeFolder,
  partsFor,
  platformName,
} from './native-build.js'
import type { NativeKind } from './parts.js'
import { checkTools, runTool, type Tools } from './run-tool.js'

export interface InstallNativeOptions extends Partial<Tools> {
  readonly kind: NativeKind
  /** Default: the cache folder of this project. */
  readonly cache?: string
  /** Take the symbols out of the libraries: a quarter less on disk. Default: false. */
  readonly strip?: boolean
  /** Build it anew where there is a good build. Default: false. */
  readonly force?: boolean
  /** Told what is being done. */
  readonly onStage?: (stage: string) => void
  readonly signal?: AbortSignal
}

export interface InstalledNative extends NativeBuild {
  /** Whether it was built now; it was there before otherwise. */
  readonly built: boolean
  /** Whether TensorFlow found a GPU; absent where it was there before. */
  readonly gpu?: boolean
  /** Bytes on disk. */
  readonly bytes: number
}

/** What is needed of TensorFlow's wheel: its two libraries, and the headers of its C interface. */
const neededFiles =
  'tensorflow/(libtensorflow_(cc|framework)\\.so\\.\\d+$|include/(tensorflow/c/|tensorflow/core/platform/ctstring|tsl/platform/ctstring|xla/tsl/c/).*\\.h$)'

/**
 * Builds TensorFlow for Node into the cache folder: libtensorflow from the wheel of the Python package index, TensorFlow.js'
 * addon compiled against it. Everything is checked against pinned checksums, the result in a child process, and it appears
 * whole or not at all. Needs Python with pip, npm and a C++ compiler.
 *
 * @throws `native.platform`, `native.tool-missing`, `native.disk-full`, `native.checksum`, `native.build-failed`, `native.broken`
 */
export async function installNative(options: InstallNativeOptions): Promise<InstalledNative> {
  const { kind, cache, force = false, signal } = options
  const parts = partsFor(kind)
  const folder = nativeFolder(kind, cache)
  if (!force) {
    const build = await findNativeBuild(kind, cache).catch(() => undefined)
    if (build) return { ...build, built: false, bytes: await bytesBelow(folder) }
  }
  const tools: Tools = {
    python: options.python ?? process.env['PYTHON'] ?? 'python3',
    compiler: options.compiler ?? process.env['CXX'] ?? 'c++',
  }
  await checkTools(tools, signal)
  await mkdir(dirname(folder), { recursive: true })
  await checkSpace(dirname(folder), parts.space)
  let check: NativeCheck | undefined
  await replaceDirectory(folder, async (temporary) => {
    check = await build(temporary, { ...options, ...tools })
  })
  return { ...(await findNativeBuild(kind, cache)), built: true, gpu: check?.gpu, bytes: await bytesBelow(folder) }
}

async function build(folder: string, options: InstallNativeOptions & Tools): Promise<NativeCheck> {
  const { kind, python, compiler, strip = false, onStage = () => {}, signal } = options
  const { tensorflow, libraries, addon, headers } = partsFor(kind)
  const downloads = join(folder, 'downloads')
  const stage = (what: string) => {
    onStage(what)
    return { what, signal }
  }
  const [wheel] = await downloadWheels(python, [tensorflow], downloads, stage(`downloading ${tensorflow.name} ${tensorflow.version}`))
  await unpackWheel(python, wheel, folder, neededFiles, stage('unpacking TensorFlow'))
  const fetching = stage(`fetching ${addon.name} ${addon.version}`)
  await fetchPackage(python, addon, join(folder, addonPackage), fetching)
  await fetchPackage(python, headers, join(folder, 'headers'), fetching)

  const names = (await readdir(join(folder, 'tensorflow'))).filter((name) => name.includes('.so.')).sort()
  if (strip) {
    const stripping = stage('stripping the libraries')
    for (const name of names) await runTool('strip', ['--strip-unneeded', join(folder, 'tensorflow', name)], stripping)
  }
  if (libraries.length > 0) {
    const wheels = await downloadWheels(python, libraries, join(folder, 'more'), stage(`downloading ${libraries.length} CUDA libraries`))
    const unpacking = stage('unpacking CUDA')
    // Beside `tensorflow`, where libtensorflow looks for them by itself.
    for (const one of wheels) await unpackWheel(python, one, folder, 'nvidia/.*', unpacking)
  }

  await compile(folder, names, compiler, stage('compiling the addon'))
  await prune(folder)
  stage('checking it')
  const check = await checkNative(folder, addon.name, signal)
  const needed = [addonFile, hushFile, ...names.map((name) => `tensorflow/${name}`)]
  const files = await Promise.all(needed.map(async (name) => [name, (await stat(join(folder, name))).size] as const))
  const manifest: NativeManifest = {
    format: manifestFormat,
    kind,
    platform: platformName(),
    tensorflow: tensorflow.version,
    tfjs: addon.version,
    files: Object.fromEntries(files),
  }
  await writeFile(join(folder, manifestName), `${JSON.stringify(manifest, null, 2)}\n`)
  return check
}

/** The addon as one shared library. It finds libtensorflow by a path relative to itself, so that the folder may be moved. */
async function compile(folder: string, libraries: readonly string[], compiler: string, run: { what: string; signal?: AbortSignal }) {
  const sources = ['tfjs_backend.cc', 'tfjs_binding.cc'].map((name) => join(folder, addonPackage, 'binding', name))
  await mkdir(dirname(join(folder, addonFile)), { recursive: true })
  const common = ['-shared', '-fPIC', '-O2', '-std=c++17', '-DNAPI_VERSION=8', `-I${join(folder, 'headers', 'include')}`]
  const linked = [`-L${join(folder, 'tensorflow')}`, ...libraries.map((name) => `-l:${name}`), '-Wl,-rpath,$ORIGIN/../tensorflow']
  const headers = `-I${join(folder, 'tensorflow', 'include')}`
  await runTool(compiler, [...common, headers, ...sources, '-o', join(folder, addonFile), ...linked], run)
  const hush = join(folder, 'hush.cc')
  await writeFile(hush, hushSource)
  await runTool(compiler, [...common, hush, '-o', join(folder, hushFile)], run)
}

/** Takes away what only the build needed. */
async function prune(folder: string): Promise<void> {
  for (const name of ['headers', 'downloads', 'more', 'hush.cc', 'tensorflow/include', `${addonPackage}/binding`, `${addonPackage}/src`]) {
    await rm(join(folder, name), { recursive: true, force: true })
  }
}

async function checkSpace(folder: string, needed: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder)
  if (bavail * bsize >= needed) return
  const gigabytes = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GB`
  throw new MsError('native.disk-full', `${gigabytes(needed)} are needed, ${gigabytes(bavail * bsize)} are free`, {
    where: folder,
    advice: 'Make room on the disk, or choose another cache folder: MS_CACHE=…',
  })
}

async function bytesBelow(folder: string): Promise<number> {
  let bytes = 0
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    if (entry.isFile()) bytes += (await stat(join(entry.parentPath, entry.name))).size
  }
  return bytes
}
