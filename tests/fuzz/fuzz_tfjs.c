/* The TensorFlow.js importer: four bytes (little-endian) say how long the JSON is, then the JSON,
 * then the weights.
 *
 * Must never happen: a read outside the JSON or the weights, memory asked for by a shape that the
 * weights do not bear out, a hang (circles, deep nests); a model that is given but refused by
 * its own check or by the writer of the model file. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "models/descriptor.h"
#include "models/tfjs_import.h"
#include "src/base/alloc.h"
#include "tests/unit/small_graph.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int holds)
{
    if (!holds)
        abort();
}

static void import(const char *text, size_t text_size, const uint8_t *weights, size_t weights_size,
                   const struct vg_descriptor *descriptor)
{
    struct vg_model *model = NULL, *again = NULL;
    struct vg_fault fault = {.place = ""};
    uint8_t *packed = NULL;
    size_t packed_size = 0;
    const enum vg_status status =
        vg_tfjs_import("fuzz", text, text_size, weights, weights_size, descriptor, &model, &fault);
    require((status == VG_OK) == (model != NULL));
    if (status != VG_OK)
        return;
    require(vg_model_pack(model, &packed, &packed_size, &fault) == VG_OK);
    require(vg_model_parse("fuzz", packed, packed_size, &again, &fault) == VG_OK);
    vg_model_close(&again);
    vg_free(packed);
    vg_model_close(&model);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vg_descriptor *descriptor = NULL;
    if (size < 4)
        return 0;
    const uint32_t said = (uint32_t)data[0] | (uint32_t)data[1] << 8 | (uint32_t)data[2] << 16 |
                          (uint32_t)data[3] << 24;
    const size_t text_size = said < size - 4 ? said : size - 4;
    if (vg_descriptor_parse("d", graph_descriptor, strlen(graph_descriptor), &descriptor, NULL))
        return 0;
    /* blocks of their own, so that a byte too many is seen */
    char *text = malloc(text_size ? text_size : 1);
    const size_t weights_size = size - 4 - text_size;
    uint8_t *weights = malloc(weights_size ? weights_size : 1);
    if (text && weights) {
        memcpy(text, data + 4, text_size);
        memcpy(weights, data + 4 + text_size, weights_size);
        import(text, text_size, weights, weights_size, descriptor);
    }
    free(weights);
    free(text);
    vg_descriptor_close(&descriptor);
    return 0;
}
