"""The trained network as an ONNX file with 8-bit weights, for one message at a time.

One message: no padding, hence no mask, and no message's rounding depends on its neighbours in a
batch. The graph is written out node by node with ONNX Runtime's fused operators, which need
neither an exporter nor an optimiser.
"""

from pathlib import Path
from typing import cast

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from nlp.finetuning.network import Block, Network, taps

Array = npt.NDArray[np.float32]
_FUSED = "com.microsoft"
# 7 bits and a sign would be exact on processors with VNNI only: older ones add two products of
# 8 bits in 16, which overflows beyond ±64.
_LIMIT = 64


class _Graph:
    """Nodes and constants under construction."""

    def __init__(self, *, eight_bit: bool) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self.eight_bit = eight_bit

    def constant(self, name: str, values: np.ndarray) -> str:
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def node(
        self, kind: str, inputs: list[str], name: str, domain: str = "", **given: object
    ) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [name], name=name, domain=domain, **given))
        return name

    def product(self, x: str, weight: Array, bias: Array, name: str) -> str:
        """``x`` times a matrix given as torch has it (outputs, inputs), plus a bias."""
        offset = self.constant(f"{name}.bias", bias)
        if not self.eight_bit:
            matrix = self.constant(f"{name}.weight", weight.T)
            return self.node("Add", [self.node("MatMul", [x, matrix], f"{name}.x"), offset], name)
        whole, scale = quantise(weight)
        inputs = [
            x,
            self.constant(f"{name}.weight", whole.T),
            self.constant(f"{name}.scale", scale),
            self.constant(f"{name}.zero", np.zeros(len(scale), dtype=np.int8)),
            offset,
        ]
        return self.node("DynamicQuantizeMatMul", inputs, name, _FUSED)


def quantise(weight: Array, limit: int = _LIMIT) -> tuple[npt.NDArray[np.int8], Array]:
    """Rows as whole numbers with one scale each."""
    scale = np.maximum(np.abs(weight).max(axis=1), 1e-12) / limit
    whole = np.clip(np.rint(weight / scale[:, None]), -limit, limit)
    return whole.astype(np.int8), scale.astype(np.float32)


def _values(module: object, name: str) -> Array:
    values: Array = getattr(module, name).detach().float().numpy()
    return values


def _linear(graph: _Graph, x: str, module: object, name: str) -> str:
    return graph.product(x, _values(module, "weight"), _values(module, "bias"), name)


def _embeddings(graph: _Graph, network: Network) -> str:
    table = _values(network.words, "weight")
    if graph.eight_bit:
        whole, scale = quantise(table, 127)  # looked up, not multiplied: no overflow
        rows = graph.node("Gather", [graph.constant("words", whole), "ids"], "words.rows")
        scales = graph.constant("words.scale", scale[:, None])
        scaled = graph.node("Gather", [scales, "ids"], "words.scales")
        number = graph.node("Cast", [rows], "words.float", to=TensorProto.FLOAT)
        words = graph.node("Mul", [number, scaled], "words.x")
    else:
        words = graph.node("Gather", [graph.constant("words", table), "ids"], "words.x")
    size = graph.node("Shape", ["ids"], "ids.size", start=1)
    start = graph.constant("start", np.array([0], dtype=np.int64))
    positions = graph.constant("positions", _values(network.positions, "weight"))
    where = graph.node("Slice", [positions, start, size], "positions.x")
    x = graph.node("Add", [words, where], "embedded")
    weight = graph.constant("norm.weight", _values(network.norm, "weight"))
    bias = graph.constant("norm.bias", _values(network.norm, "bias"))
    epsilon = network.shape.epsilon
    return graph.node("LayerNormalization", [x, weight, bias], "normed", epsilon=epsilon)


def _added(graph: _Graph, x: str, more: str, module: object, epsilon: float, name: str) -> str:
    weight = graph.constant(f"{name}.weight", _values(module, "weight"))
    bias = graph.constant(f"{name}.bias", _values(module, "bias"))
    inputs = [x, more, weight, bias]
    return graph.node("SkipLayerNormalization", inputs, name, _FUSED, epsilon=epsilon)


def _block(graph: _Graph, x: str, block: Block, name: str) -> str:
    shape = block.shape
    parts = [f"{name}.{part}" for part in "qkv"]
    together = _linear(graph, x, block.qkv, f"{name}.qkv")
    sizes = graph.constant(f"{name}.sizes", np.array([shape.width] * 3, dtype=np.int64))
    graph.nodes.append(helper.make_node("Split", [together, sizes], parts, axis=2))
    seen = graph.node("MultiHeadAttention", parts, f"{name}.seen", _FUSED, num_heads=shape.heads)
    out = _linear(graph, seen, block.out, f"{name}.out")
    x = _added(graph, x, out, block.first, shape.epsilon, f"{name}.first")
    up = graph.node("Gelu", [_linear(graph, x, block.up, f"{name}.up")], f"{name}.gelu", _FUSED)
    down = _linear(graph, up, block.down, f"{name}.down")
    return _added(graph, x, down, block.second, shape.epsilon, f"{name}.second")


def _heads(graph: _Graph, x: str, means: list[str], network: Network) -> list[str]:
    """Small products in full precision: their outputs are decisions."""
    graph.eight_bit = False
    mean = means[-1]
    _linear(graph, x, network.tags, "tags")
    several = graph.node("Concat", means, "means", axis=-1)
    meaning = _linear(graph, several, network.project, "projected")
    graph.node("LpNormalization", [meaning], "meaning", axis=-1, p=2)
    graph.node("LpNormalization", [mean], "pooled", axis=-1, p=2)
    for name, head in network.heads.items():
        _linear(graph, mean, head, name)
    return ["pooled", "meaning", "tags", *network.heads]


def export(network: Network, path: Path, *, eight_bit: bool = True) -> None:
    """``ids`` (1, tokens) in; the outputs have a first dimension of 1."""
    graph = _Graph(eight_bit=eight_bit)
    x = _embeddings(graph, network)
    axes, means = graph.constant("axes", np.array([1])), []
    for number, block in enumerate(network.blocks):
        x = _block(graph, x, cast("Block", block), f"l{number}")
        if number in taps(len(network.blocks)):
            means.append(graph.node("ReduceMean", [x, axes], f"l{number}.mean", keepdims=0))
    outputs = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, None)
        for name in _heads(graph, x, means, network)
    ]
    ids = helper.make_tensor_value_info("ids", TensorProto.INT64, [1, "tokens"])
    built = helper.make_graph(graph.nodes, "encoder", [ids], outputs, graph.constants)
    versions = [helper.make_opsetid("", 18), helper.make_opsetid(_FUSED, 1)]
    onnx.save(helper.make_model(built, opset_imports=versions, ir_version=9), path)
