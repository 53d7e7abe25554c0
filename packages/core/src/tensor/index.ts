export type { Backbone, BackbonePlugin, Classifier, DropoutLayer, DropoutMask, Hidden, Mode } from './backbone.js'
export type { Encoder, EncoderCut, Prepared, Processor } from './encoder.js'
export type { EncoderPlugin, PluginEncoder } from './encoder-plugin.js'
export type {
  Compiled,
  CompileOptions,
  Differentiated,
  DifferentiateOptions,
  Engine,
  Resident,
  ResidentOptions,
  TensorFunction,
  UpdateFunction,
  UpdateStep,
} from './engine.js'
export type { HostData, HostTensor, InputShapes, Inputs, Parameters, Tensors, Weights } from './host-tensor.js'
export type { Loss, LossBatch, LossExamples, MixPlan } from './loss.js'
