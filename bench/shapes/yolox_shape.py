#!/usr/bin/env python3
"""Writes an ONNX file of YOLOX's shape with pseudo-random weights: for timing, never for detecting.

  yolox_shape.py nano|tiny|s OUT.onnx

The graph is that of YOLOX (CSPDarknet with focus, SPP, PAN, decoupled heads; Ge et al., 2021) as
its authors export it, without post-processing. Batch and size are free (multiples of 32). The
weights come from one seed: the same file on every machine. Needs Python alone.
"""
import array
import math
import random
import struct
import sys

WIDTHS = {"nano": (0.25, True), "tiny": (0.375, False), "s": (0.5, False)}  # of the channels; depthwise?
CLASSES = 80
FLOAT, INT64 = 1, 7  # TensorProto.DataType


# ---- the wire format: https://protobuf.dev/programming-guides/encoding/, fields of onnx.proto ----


def varint(value):
    out = bytearray()
    value &= (1 << 64) - 1
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def integer(field, value):
    return varint(field << 3) + varint(value)


def block(field, content):
    content = content.encode() if isinstance(content, str) else content
    return varint(field << 3 | 2) + varint(len(content)) + content


def attribute(name, value):
    head = block(1, name)
    if isinstance(value, str):
        return block(5, head + block(4, value) + integer(20, 3))
    if isinstance(value, int):
        return block(5, head + integer(3, value) + integer(20, 2))
    return block(5, head + b"".join(integer(8, v) for v in value) + integer(20, 7))


def port(field, name, sides):
    """A value of the graph: tensor of floats; a side is a number or a name."""
    def side(s):
        return block(1, block(2, s) if isinstance(s, str) else integer(1, s))
    shape = block(2, b"".join(side(s) for s in sides))
    return block(field, block(1, name) + block(2, block(1, integer(1, FLOAT) + shape)))


def little_endian(values):
    if sys.byteorder == "big":
        values.byteswap()
    return values.tobytes()


class Graph:
    def __init__(self):
        self.nodes, self.constants, self.count = [], [], 0
        self.random = random.Random(20261121)  # random() is the same in every version of Python

    def node(self, op, inputs, output=None, **attributes):
        self.count += 1
        output = output or f"t{self.count}"
        self.nodes.append(block(1, b"".join(block(1, i) for i in inputs) + block(2, output)
                                + block(3, f"{op}_{self.count}") + block(4, op)
                                + b"".join(attribute(k, v) for k, v in sorted(attributes.items()))))
        return output

    def constant(self, name, sides, kind, values):
        content = little_endian(array.array("f" if kind == FLOAT else "q", values))
        self.constants.append(block(5, b"".join(integer(1, s) for s in sides) + integer(2, kind)
                                    + block(8, name) + block(9, content)))
        return name

    def weights(self, name, sides):
        """Uniform, of the spread that keeps activations about as large from layer to layer."""
        reach = 1.5 * math.sqrt(3 / math.prod(sides[1:]))
        draw = self.random.random
        return self.constant(name, sides, FLOAT, [reach * (2 * draw() - 1) for _ in range(math.prod(sides))])

    def model(self, name, inputs, outputs):
        graph = b"".join(self.nodes) + block(2, name) + b"".join(self.constants) + inputs + outputs
        return integer(1, 7) + block(2, "vigie") + block(7, graph) + block(8, block(1, "") + integer(2, 11))


# ---- the layers of YOLOX ----


class Yolox(Graph):
    def __init__(self, width, depthwise):
        super().__init__()
        self.base, self.hidden, self.depthwise = int(64 * width), int(256 * width), depthwise
        self.constant("roi", [0], FLOAT, [])
        self.constant("double", [4], FLOAT, [1, 1, 2, 2])
        self.constant("axes", [2], INT64, [2, 3])
        self.constant("steps", [2], INT64, [2, 2])
        self.constant("ends", [2], INT64, [(1 << 63) - 1] * 2)
        self.constant("rows", [3], INT64, [0, CLASSES + 5, -1])

    def plain(self, x, given, made, side=1, stride=1, groups=1):
        y = f"conv{self.count + 1}"
        weights = self.weights(y + ".weight", [made, given // groups, side, side])
        bias = self.constant(y + ".bias", [made], FLOAT, [0.0] * made)
        return self.node("Conv", [x, weights, bias], y, dilations=[1, 1], group=groups, kernel_shape=[side, side],
                         pads=[side // 2] * 4, strides=[stride, stride])

    def conv(self, *args, **kwargs):
        y = self.plain(*args, **kwargs)
        return self.node("Mul", [y, self.node("Sigmoid", [y])])

    def conv3(self, x, given, made, stride=1):
        if self.depthwise:
            return self.conv(self.conv(x, given, given, 3, stride, given), given, made)
        return self.conv(x, given, made, 3, stride)

    def concat(self, *inputs):
        return self.node("Concat", inputs, axis=1)

    def focus(self, x):
        parts = []
        for column in (0, 1):
            for row in (0, 1):
                first = self.constant(f"first{row}{column}", [2], INT64, [row, column])
                parts.append(self.node("Slice", [x, first, "ends", "axes", "steps"]))
        return self.conv(self.concat(*parts), 12, self.base, 3)

    def csp(self, x, given, made, depth, shortcut):
        half = made // 2
        left, right = self.conv(x, given, half), self.conv(x, given, half)
        for _ in range(depth):
            y = self.conv3(self.conv(left, half, half), half, half)
            left = self.node("Add", [y, left]) if shortcut else y
        return self.conv(self.concat(left, right), 2 * half, made)

    def pools(self, x, given, made):
        y = self.conv(x, given, given // 2)
        parts = [y] + [self.node("MaxPool", [y], kernel_shape=[s, s], pads=[s // 2] * 4, strides=[1, 1])
                       for s in (5, 9, 13)]
        return self.conv(self.concat(*parts), 2 * given, made)

    def doubled(self, x):
        return self.node("Resize", [x, "roi", "double"], coordinate_transformation_mode="asymmetric",
                         mode="nearest", nearest_mode="floor")

    def backbone(self, x):
        b = self.base
        x = self.csp(self.conv3(self.focus(x), b, 2 * b, 2), 2 * b, 2 * b, 1, True)
        c3 = self.csp(self.conv3(x, 2 * b, 4 * b, 2), 4 * b, 4 * b, 3, True)
        c4 = self.csp(self.conv3(c3, 4 * b, 8 * b, 2), 8 * b, 8 * b, 3, True)
        x = self.pools(self.conv3(c4, 8 * b, 16 * b, 2), 16 * b, 16 * b)
        return c3, c4, self.csp(x, 16 * b, 16 * b, 1, False)

    def pyramid(self, c3, c4, c5):
        b = self.base
        top = self.conv(c5, 16 * b, 8 * b)
        middle = self.csp(self.concat(self.doubled(top), c4), 16 * b, 8 * b, 1, False)
        middle = self.conv(middle, 8 * b, 4 * b)
        n3 = self.csp(self.concat(self.doubled(middle), c3), 8 * b, 4 * b, 1, False)
        n4 = self.csp(self.concat(self.conv3(n3, 4 * b, 4 * b, 2), middle), 8 * b, 8 * b, 1, False)
        n5 = self.csp(self.concat(self.conv3(n4, 8 * b, 8 * b, 2), top), 16 * b, 16 * b, 1, False)
        return (n3, 4 * b), (n4, 8 * b), (n5, 16 * b)

    def head(self, x, given):
        h = self.hidden
        x = self.conv(x, given, h)
        classes = self.conv3(self.conv3(x, h, h), h, h)
        boxes = self.conv3(self.conv3(x, h, h), h, h)
        found = self.concat(self.plain(boxes, h, 4), self.node("Sigmoid", [self.plain(boxes, h, 1)]),
                            self.node("Sigmoid", [self.plain(classes, h, CLASSES)]))
        return self.node("Reshape", [found, "rows"])

    def build(self, name):
        cells = [self.head(x, given) for x, given in self.pyramid(*self.backbone("images"))]
        self.node("Transpose", [self.node("Concat", cells, axis=2)], "output", perm=[0, 2, 1])
        return self.model(name, port(11, "images", ["batch", 3, "height", "width"]),
                          port(12, "output", ["batch", "cells", CLASSES + 5]))


def main():
    if len(sys.argv) != 3 or sys.argv[1] not in WIDTHS:
        sys.exit(__doc__)
    with open(sys.argv[2], "wb") as f:
        f.write(Yolox(*WIDTHS[sys.argv[1]]).build(f"yolox_{sys.argv[1]}_shape"))


if __name__ == "__main__":
    main()
