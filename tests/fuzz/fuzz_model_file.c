/* The model file's reader on any bytes.
 *
 * Must never happen: a read outside the bytes, an allocation that a count asks for before the
 * size confirms it, a hang; a model that is read but not written, or written otherwise the
 * second time; a model that says VG_OK and fails its own check. The digest would stop every
 * change at the door, so the bytes are tried again with size and digest made right. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "models/model.h"
#include "src/base/alloc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int holds)
{
    if (!holds)
        abort();
}

static void try(const uint8_t *data, size_t size)
{
    struct vg_model *model = NULL, *again = NULL;
    struct vg_fault fault = {.place = ""};
    uint8_t *first = NULL, *second = NULL;
    size_t first_size = 0, second_size = 0;
    const enum vg_status status = vg_model_parse("fuzz", data, size, &model, &fault);
    require((status == VG_OK) == (model != NULL));
    if (status != VG_OK)
        return;
    require(vg_model_check(model, &fault) == VG_OK);
    require(vg_model_pack(model, &first, &first_size, &fault) == VG_OK);
    require(vg_model_parse("fuzz", first, first_size, &again, &fault) == VG_OK);
    require(vg_model_pack(again, &second, &second_size, &fault) == VG_OK);
    require(first_size == second_size && memcmp(first, second, first_size) == 0);
    vg_free(second);
    vg_free(first);
    vg_model_close(&again);
    vg_model_close(&model);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    try(data, size);
    if (size < 512 + VG_SHA256_BYTES || size > (1u << 20))
        return 0;
    uint8_t *right = malloc(size);
    if (!right)
        return 0;
    memcpy(right, data, size);
    for (unsigned i = 0; i < 8; i++)
        right[16 + i] = (uint8_t)((uint64_t)size >> (8 * i));
    vg_sha256(right, size - VG_SHA256_BYTES, right + size - VG_SHA256_BYTES);
    try(right, size);
    free(right);
    return 0;
}
