"""Boxes out of a net's raw outputs, in plain Python: the meaning of each head (models/model.h) written a
second time, so that the same decoding can be put behind two runtimes. One class; slow and clear.

A box is (left, top, right, bottom, score) in pixels of the picture.
"""
import array
import math
import os
import sys


def floats(path):
    values = array.array("f")
    with open(path, "rb") as f:
        values.frombytes(f.read())
    if sys.byteorder == "big":
        values.byteswap()
    return values


class Outputs:
    """The outputs of one picture, as `vigie model info --json` describes the model."""

    def __init__(self, info, folder, ending, size):
        self.info, self.size = info, size
        self.values = {o["name"]: floats(os.path.join(folder, o["name"] + ending)) for o in info["outputs"]}

    def levels(self):
        """(stride, width, height, how to get channel c of a cell) for scores and boxes of each level;
        one function serves both where they stand in one output, behind each other."""
        outputs, strides = self.info["outputs"], self.info["strides"]
        grids = [(s, -(-self.size[0] // s), -(-self.size[1] // s)) for s in strides]
        if len(outputs) == 1:
            values, channels, first = self.values[outputs[0]["name"]], outputs[0]["channels"], 0
            for stride, width, height in grids:
                if outputs[0]["layout"] == "planes":
                    cells = width * height
                    yield stride, width, height, lambda cell, c, n=cells: values[c * n + cell]
                else:
                    yield stride, width, height, lambda cell, c, f=first: values[(f + cell) * channels + c]
                first += width * height
            return
        classes = len(self.info["classes"])
        scores = [self.values[o["name"]] for o in outputs if o["channels"] == classes]
        boxes = [self.values[o["name"]] for o in outputs if o["channels"] != classes]
        sides = 4 * self.info["bins"]
        for (stride, width, height), s, b in zip(grids, scores, boxes):
            yield stride, width, height, lambda cell, c, s=s, b=b: (
                s[cell * classes + c] if c < classes else b[cell * sides + c - classes])


def expectation(logits):
    most = max(logits)
    weights = [math.exp(v - most) for v in logits]
    return sum(k * w for k, w in enumerate(weights)) / sum(weights)


def sigmoid(v):
    return 1 / (1 + math.exp(-v))


def nanodet_box(at, cell, column, row, stride, info, size):
    del size
    classes, bins = len(info["classes"]), info["bins"]
    centre = 0.5 if info["head"] == "nanodet" else 0
    x, y = (column + centre) * stride, (row + centre) * stride
    reach = [stride * expectation([at(cell, classes + side * bins + k) for k in range(bins)]) for side in range(4)]
    return x - reach[0], y - reach[1], x + reach[2], y + reach[3]


def yolox_box(at, cell, column, row, stride, info, size):
    del info, size
    x, y = (column + at(cell, 0)) * stride, (row + at(cell, 1)) * stride
    width, height = math.exp(at(cell, 2)) * stride, math.exp(at(cell, 3)) * stride
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2


def fastestdet_box(at, cell, column, row, stride, info, size):
    del info
    x = (column + math.tanh(at(cell, 1))) * stride
    y = (row + math.tanh(at(cell, 2))) * stride
    width, height = sigmoid(at(cell, 3)) * size[0], sigmoid(at(cell, 4)) * size[1]
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2


# score of a class at a cell, box of a cell
HEADS = {
    "nanodet": (lambda at, cell, c: at(cell, c), nanodet_box),
    "nanodet_plus": (lambda at, cell, c: at(cell, c), nanodet_box),
    "yolox": (lambda at, cell, c: at(cell, 4) * at(cell, 5 + c), yolox_box),
    "fastestdet": (lambda at, cell, c: max(at(cell, 0), 0) ** 0.6 * max(at(cell, 5 + c), 0) ** 0.4, fastestdet_box),
}


def candidates(outputs, class_index, threshold):
    """Boxes in pixels of the input, clipped to it, cell by cell."""
    info, (w, h) = outputs.info, outputs.size
    score_of, box_of = HEADS[info["head"]]
    found = []
    for stride, width, height, at in outputs.levels():
        for cell in range(width * height):
            score = score_of(at, cell, class_index)
            if score < threshold:
                continue
            left, top, right, bottom = box_of(at, cell, cell % width, cell // width, stride, info, outputs.size)
            found.append((min(max(left, 0), w), min(max(top, 0), h), min(max(right, 0), w), min(max(bottom, 0), h), score))
    return found


def to_picture(box, picture, size, anchor):
    """Out of the letterbox (src/engine/letterbox.h), clipped to the picture."""
    scale = min(size[0] / picture[0], size[1] / picture[1])
    out = []
    for axis in (0, 1):
        inner = min(max(math.floor(picture[axis] * scale + 0.5), 1), size[axis])
        border = (size[axis] - inner) // 2 if anchor == "centre" else 0
        step = picture[axis] / inner
        out.append([min(max((v - border) * step, 0), picture[axis]) for v in (box[axis], box[axis + 2])])
    return out[0][0], out[1][0], out[0][1], out[1][1], box[4]


def iou(a, b):
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    both = max(width, 0) * max(height, 0)
    every = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both
    return both / every if every > 0 else 0


def suppressed(boxes, limit):
    """The boxes that stand, by falling score: of two that overlap by more than the limit, the lesser goes."""
    kept = []
    for box in sorted(boxes, key=lambda b: -b[4]):
        if all(iou(box, other) <= limit for other in kept):
            kept.append(box)
    return kept


def decode(outputs, class_index, picture, threshold, nms):
    """What the engine's own boxes should be."""
    size, anchor = outputs.size, outputs.info["input"]["anchor"]
    found = [(b, to_picture(b, picture, size, anchor)) for b in candidates(outputs, class_index, threshold)]
    inside = [b for b, p in found if p[2] > p[0] and p[3] > p[1]]  # none lies wholly in the border
    return [to_picture(b, picture, size, anchor) for b in suppressed(inside, nms)]
