"""Average precision at IoU 0.5 of one class, after pycocotools (cocodataset/cocoapi, cocoeval.py), with
crowd boxes, which `vigie score` does not know: they are tried last, what matches one counts neither as
right nor as wrong, and one can take several.

truth: {picture: [(left, top, right, bottom, crowd)]}, found: {picture: [(left, top, right, bottom, score)]}.
"""
DETECTIONS_MAX = 100  # of a picture


def overlap(box, truth):
    width = min(box[2], truth[2]) - max(box[0], truth[0])
    height = min(box[3], truth[3]) - max(box[1], truth[1])
    both = max(width, 0) * max(height, 0)
    area = (box[2] - box[0]) * (box[3] - box[1])
    every = area if truth[4] else area + (truth[2] - truth[0]) * (truth[3] - truth[1]) - both
    return both / every if every > 0 else 0


def matched(truths, boxes):
    """(score, whether it is right) of the boxes that count."""
    free, out = [True] * len(truths), []
    order = sorted(range(len(truths)), key=lambda i: truths[i][4])  # crowds last
    for box in sorted(boxes, key=lambda b: -b[4])[:DETECTIONS_MAX]:
        best, taken = 0.5 - 1e-10, None
        for i in order:
            if not free[i] and not truths[i][4]:
                continue
            if taken is not None and not truths[taken][4] and truths[i][4]:
                break  # a true one was found
            if overlap(box, truths[i]) >= best:
                best, taken = overlap(box, truths[i]), i
        if taken is None:
            out.append((box[4], False))
        elif not truths[taken][4]:
            free[taken] = False
            out.append((box[4], True))
    return out


def ap50(truth, found):
    """{"at_101": mean of the precision at 101 recalls, "area": area under the envelope, ...}"""
    wanted = sum(not t[4] for boxes in truth.values() for t in boxes)
    marks = [m for picture in found for m in matched(truth.get(picture, []), found[picture])]
    marks.sort(key=lambda m: -m[0])
    recall, precision, right = [], [], 0
    for n, (_, good) in enumerate(marks, 1):
        right += good
        recall.append(right / wanted)
        precision.append(right / n)
    for i in range(len(precision) - 2, -1, -1):
        precision[i] = max(precision[i], precision[i + 1])
    area, at_101, k, before = 0.0, 0.0, 0, 0.0
    for r, p in zip(recall, precision):
        area += (r - before) * p
        before = r
    for sample in range(101):
        while k < len(recall) and recall[k] < sample / 100:
            k += 1
        at_101 += precision[k] if k < len(recall) else 0
    return {"at_101": at_101 / 101, "area": area, "truths": wanted, "found": len(marks), "right": right}
