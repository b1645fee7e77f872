/* The ONNX importer.
 *
 * Must never happen: a read outside the file; memory beyond what onnx_import.h says, whatever
 * dimensions the file claims; a hang; a refusal without words; a model that is given but refused
 * by its own check or by the writer of the model file. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "models/onnx_import.h"
#include "src/base/alloc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int holds)
{
    if (!holds)
        abort();
}

static void import(const uint8_t *data, size_t size)
{
    struct vg_model *model = NULL, *again = NULL;
    struct vg_fault fault = {.what = NULL, .place = ""};
    uint8_t *packed = NULL;
    size_t packed_size = 0;
    const enum vg_status status = vg_onnx_import("fuzz", data, size, NULL, &model, &fault);
    require((status == VG_OK) == (model != NULL));
    require(status == VG_OK || fault.what != NULL);
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
    uint8_t *copy =
        malloc(size ? size : 1); /* a block of its own, so that a byte too many is seen */
    if (!copy)
        return 0;
    if (size)
        memcpy(copy, data, size);
    import(copy, size);
    free(copy);
    return 0;
}
