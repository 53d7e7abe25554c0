/* ONNX Runtime's operators on channels in blocks: see blocked.ts. */

const domain = 'com.microsoft.nchwc'

/** Inputs: pictures in blocks (or with fewer channels than a block, as they are), filter in blocks, bias, a map that is added. */
export const blockedConv = `${domain}::Conv`
/** Into blocks; with the attribute `channels_last` from `[batch, height, width, channels]`. */
export const intoBlocks = `${domain}::ReorderInput`
/** Out of blocks; with the attribute `channels_last` to `[batch, height, width, channels]`. */
export const outOfBlocks = `${domain}::ReorderOutput`
