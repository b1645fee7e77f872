/* A tuner's file, any bytes, with a right digest put behind them too (else the lines would hardly
 * be reached): what is accepted is written again as the same bytes, each row is found by its
 * need, and no file takes more rows than the limit. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/sha256.h"
#include "src/engine/tune_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int holds)
{
    if (!holds)
        abort();
}

static void parse(const uint8_t *data, size_t size)
{
    struct vg_tune tune;
    uint8_t *again = NULL;
    size_t again_size = 0;
    if (vg_tune_parse("fuzz", data, size, &tune, NULL)) {
        must(!tune.row && !tune.count);
        return;
    }
    must(tune.count <= VG_TUNE_ROWS_MAX);
    for (uint32_t i = 0; i < tune.count; i++)
        must(vg_tune_find(&tune, &tune.row[i].need) == &tune.row[i]);
    must(vg_tune_pack(&tune, &again, &again_size) == VG_OK);
    must(again_size == size && !memcmp(again, data, size));
    vg_free(again);
    vg_tune_release(&tune);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum {
        LINE = 7 + 2 * VG_SHA256_BYTES + 1
    };
    uint8_t digest[VG_SHA256_BYTES];
    char digits[VG_SHA256_TEXT];
    parse(data, size);
    if (size > VG_TUNE_FILE_MAX)
        return 0;
    uint8_t *whole = malloc(size + LINE);
    must(whole != NULL);
    if (size)
        memcpy(whole, data, size);
    vg_sha256(whole, size, digest);
    vg_sha256_text(digest, digits);
    memcpy(whole + size, "sha256 ", 7);
    memcpy(whole + size + 7, digits, 2 * VG_SHA256_BYTES);
    whole[size + LINE - 1] = '\n';
    parse(whole, size + LINE);
    free(whole);
    return 0;
}
