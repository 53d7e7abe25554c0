import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { MsError } from '@ms/core'
import type { NpmPackage, Wheel } from './parts.js'
import { runTool, type ToolRun } from './run-tool.js'

/** All tags that a wheel for such a machine may bear: pip does not widen them by itself. */
function platformTags(): string[] {
  const machine = process.arch === 'arm64' ? 'aarch64' : 'x86_64'
  const tags = Array.from({ length: 12 }, (_, at) => `manylinux_2_${28 - at}_${machine}`)
  return [...tags, `manylinux2014_${machine}`].flatMap((tag) => ['--platform', tag])
}

/**
 * Downloads wheels with pip, which checks that each is the one we mean. The file does not depend on the Python that runs
 * pip: nothing of it is ever imported.
 */
export async function downloadWheels(python: string, wheels: readonly Wheel[], folder: string, run: ToolRun): Promise<string[]> {
  await mkdir(folder, { recursive: true })
  const wanted = join(folder, 'wheels.txt')
  await writeFile(wanted, wheels.map(({ name, version, sha256 }) => `${name}==${version} --hash=sha256:${sha256}\n`).join(''))
  const which = ['--implementation', 'cp', '--python-version', '3.11', '--abi', 'cp311', '--abi', 'none', ...platformTags()]
  const quietly = ['--disable-pip-version-check', '--no-input', '-q', '--no-deps', '--only-binary=:all:', '--require-hashes']
  await runTool(python, ['-m', 'pip', 'download', ...quietly, ...which, '--dest', folder, '-r', wanted], run)
  return (await readdir(folder)).filter((name) => name.endsWith('.whl')).map((name) => join(folder, name))
}

const unzip = `
import re, sys, zipfile
archive, target, pattern = sys.argv[1:]
pick = re.compile(pattern)
with zipfile.ZipFile(archive) as files:
    files.extractall(target, [name for name in files.namelist() if pick.match(name)])
`

/** Unpacks the files of a wheel whose names fit, and deletes the wheel. */
export async function unpackWheel(python: string, wheel: string, folder: string, pattern: string, run: ToolRun): Promise<void> {
  await runTool(python, ['-c', unzip, wheel, folder, pattern], run)
  await rm(wheel)
}

/** Fetches a package with npm, checks it, and unpacks it as `folder`. @throws `native.checksum` */
export async function fetchPackage(python: string, parts: NpmPackage, folder: string, run: ToolRun): Promise<void> {
  const packed = `${folder}.packed`
  await mkdir(packed, { recursive: true })
  await runTool('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', packed, `${parts.name}@${parts.version}`], {
    ...run,
    where: packed,
  })
  const [name] = await readdir(packed)
  const found = `sha512-${createHash('sha512')
    .update(await readFile(join(packed, name)))
    .digest('base64')}`
  if (found !== parts.integrity) {
    throw new MsError('native.checksum', `${parts.name}@${parts.version} is not the one that this version was made for`, {
      where: name,
      advice: 'Check your npm registry.',
      kind: 'failure',
      details: { found, expected: parts.integrity },
    })
  }
  await runTool(python, ['-m', 'tarfile', '-e', name, '.'], { ...run, where: packed })
  await rename(join(packed, 'package'), folder)
  await rm(packed, { recursive: true })
}
