/** TensorFlow on the processor, or on an NVIDIA GPU. */
export type NativeKind = 'native' | 'native-gpu'

/** A wheel of the Python package index. */
export interface Wheel {
  readonly name: string
  readonly version: string
  readonly sha256: string
}

/** A package of the npm registry. */
export interface NpmPackage {
  readonly name: string
  readonly version: string
  /** As in a lockfile: `sha512-…`, of the tarball. */
  readonly integrity: string
}

/** Everything a build is made of. Nothing is taken that has not the checksum below. */
export interface NativeParts {
  readonly tensorflow: Wheel
  /** Libraries that TensorFlow looks for beside itself. */
  readonly libraries: readonly Wheel[]
  readonly addon: NpmPackage
  readonly headers: NpmPackage
  /** Bytes that have to be free while it is built; less stays. */
  readonly space: number
}

/** The release whose libtensorflow the addon of TensorFlow.js 4.22.0 is proven to work with. */
const tensorflow = '2.21.0'

const headers: NpmPackage = {
  name: 'node-api-headers',
  version: '1.9.0',
  integrity: 'sha512-2oNILP4jXwRB4ywnYKjVk1YyJ96n2D4EOVJO6S3oYZ5PtbJrw3Yt9TpAuX3nBLMuzn74rnfGQrv13pS9vC+YiA==',
}

const addon: NpmPackage = {
  name: '@tensorflow/tfjs-node',
  version: '4.22.0',
  integrity: 'sha512-uHrXeUlfgkMxTZqHkESSV7zSdKdV0LlsBeblqkuKU9nnfxB1pC6DtoyYVaLxznzZy7WQSegjcohxxCjAf6Dc7w==',
}

const gpuAddon: NpmPackage = {
  name: '@tensorflow/tfjs-node-gpu',
  version: '4.22.0',
  integrity: 'sha512-p//NN6DGiN4hInUmIkRffaFVMcdTREUMjPyjW04J7OXvB2zBlQimj61eFKSgRrH3f5TnOfKzb0n56he/B6a4bw==',
}

/** CUDA 12.9 and cuDNN 9, as TensorFlow's extra `and-cuda` asks for; without the compiler, which it does not need. */
const cuda: readonly Wheel[] = [
  ['cublas', '12.9.3.13', 'd7d51055f161b317c7105ddaae90e71eda059026074ffef93cf7cde2886bfe72'],
  ['cuda-cupti', '12.9.79', '096bcf334f13e1984ba36685ad4c1d6347db214de03dbb6eebb237b41d9d934f'],
  ['cuda-nvrtc', '12.9.86', '210cf05005a447e29214e9ce50851e83fc5f4358df8b453155d5e1918094dcb4'],
  ['cuda-runtime', '12.9.79', '25bba2dfb01d48a9b59ca474a1ac43c6ebf7011f1b0b8cc44f54eb6ac48a96c3'],
  ['cudnn', '9.28.0.42', '9ff58b7f36dacd0a93e89f8f2957b52466889217963701daa15e577317cfa375'],
  ['cufft', '11.4.1.4', 'c67884f2a7d276b4b80eb56a79322a95df592ae5e765cf1243693365ccab4e28'],
  ['curand', '10.3.10.19', '49b274db4780d421bd2ccd362e1415c13887c53c214f0d4b761752b8f9f6aa1e'],
  ['cusolver', '11.7.5.82', '15da72d1340d29b5b3cf3fd100e3cd53421dde36002eda6ed93811af63c40d88'],
  ['cusparse', '12.5.10.65', '73060ce019ac064a057267c585bf1fd5a353734151f87472ff02b2c5c9984e78'],
  ['nccl', '2.32.3', 'bb94b2348e4861d5e8aa00b36c3d12d9bdf9c6369b82cbb723de0b582280a21c'],
  ['nvjitlink', '12.9.86', 'e3f1171dbdc83c5932a45f0f4c99180a70de9bd2718c1ab77d14104f6d7147f9'],
].map(([name, version, sha256]) => ({ name: `nvidia-${name}-cu12`, version, sha256 }))

const gigabyte = 2 ** 30

/** By kind and platform; what is not here cannot be built. */
export const nativeParts: Readonly<Record<NativeKind, Readonly<Partial<Record<string, NativeParts>>>>> = {
  native: {
    'linux-x64': {
      tensorflow: {
        name: 'tensorflow-cpu',
        version: tensorflow,
        sha256: '2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c',
      },
      libraries: [],
      addon,
      headers,
      space: 1.3 * gigabyte,
    },
    'linux-arm64': {
      tensorflow: { name: 'tensorflow', version: tensorflow, sha256: '4b24aca16d527a3cf1c37f720c04c484c3d20f4d0fdfa98632ac8b9f3be6eb5c' },
      libraries: [],
      addon,
      headers,
      space: 1.3 * gigabyte,
    },
  },
  'native-gpu': {
    'linux-x64': {
      tensorflow: { name: 'tensorflow', version: tensorflow, sha256: '9056fbc9ba04235810b71ae6cbd958a196e8804fb53bbcffbf3e23b56155f124' },
      libraries: cuda,
      addon: gpuAddon,
      headers,
      space: 9 * gigabyte,
    },
  },
}
