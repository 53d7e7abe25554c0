"""Whether convolutions of whole numbers would pay: an exported network of pictures in float32, as `--quantize int8` has it, and as ONNX Runtime's
own tools quantise it, dynamically and statically (scales found on sample pictures).

`python bench/int8_convolutions.py EXPORT_DIR BATCH`, needs onnx and onnxruntime. One thread, the three take turns; prints the median CPU
milliseconds of a batch and the smallest cosine to the float32 vectors, on pictures of smooth noise.
"""

import os
import sys
import tempfile
import time

import numpy
import onnxruntime
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_dynamic, quantize_static

folder, batch = sys.argv[1], int(sys.argv[2])
work = tempfile.mkdtemp()
random = numpy.random.default_rng(0)


def load(path: str, **settings) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    for name, value in settings.items():
        setattr(options, name, value)
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def pictures(size: int) -> numpy.ndarray:
    coarse = random.normal(size=(batch, 3, size // 8, size // 8)).astype("float32")
    return coarse.repeat(8, axis=2).repeat(8, axis=3)


plain = f"{folder}/onnx/model.onnx"
folded, dynamic, static = (f"{work}/{name}.onnx" for name in ("folded", "dynamic", "static"))
# Constants are folded first: the tools look for filters among the weights.
size = load(
    plain,
    graph_optimization_level=onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC,
    optimized_model_filepath=folded,
).get_inputs()[0].shape[2]


class Samples(CalibrationDataReader):
    def __init__(self) -> None:
        self.rest = iter([{"pixel_values": pictures(size)} for _ in range(4)])

    def get_next(self):
        return next(self.rest, None)


quantize_dynamic(folded, dynamic, op_types_to_quantize=["Conv", "MatMul", "Gemm"], weight_type=QuantType.QUInt8)
quantize_static(
    folded,
    static,
    Samples(),
    quant_format=QuantFormat.QDQ,
    per_channel=True,
    activation_type=QuantType.QUInt8,
    weight_type=QuantType.QInt8,
)
graphs = {"float32": plain, "exported int8": f"{folder}/onnx/model_quantized.onnx", "dynamic": dynamic, "static": static}
sessions = {name: load(path) for name, path in graphs.items() if os.path.exists(path)}
values = pictures(size)
times, vectors = {name: [] for name in sessions}, {}
for _ in range(7):
    for name, session in sessions.items():
        start = time.process_time()
        vectors[name] = session.run(["image_embeds"], {"pixel_values": values})[0]
        times[name].append(time.process_time() - start)
for name, found in vectors.items():
    wanted = vectors["float32"]
    cosine = (wanted * found).sum(1) / numpy.linalg.norm(wanted, axis=1) / numpy.linalg.norm(found, axis=1)
    print(f"{name:14} {1000 * sorted(times[name])[3]:7.1f} ms, cosine {cosine.min():.4f}")
