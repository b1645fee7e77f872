/* A day of the ledger of coverage, any bytes, with right checksums put into them too (else no
 * record would be reached): what is accepted holds its bounds, can be joined to itself, and is
 * written again so that it reads as the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/crc32c.h"
#include "src/store/coverage_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int holds)
{
    if (!holds)
        abort();
}

static void check_row(const struct vg_coverage_row *row)
{
    struct vg_coverage_row twice = *row;
    must(row->begin_us < VG_COVERAGE_MINUTE_US);
    must((unsigned)row->first < VG_COVERAGE_CAUSES && (unsigned)row->last < VG_COVERAGE_CAUSES);
    must(row->head_us <= vg_coverage_row_sum(row) && row->tail_us <= vg_coverage_row_sum(row));
    vg_coverage_row_join(&twice, row);
    must(vg_coverage_row_sum(&twice) >= vg_coverage_row_sum(row));
}

static void parse(const uint8_t *data, size_t size)
{
    struct vg_coverage_day *day = vg_alloc(sizeof *day), *again = vg_alloc(sizeof *again);
    uint8_t *bytes = vg_alloc(VG_COVERAGE_FILE_BYTES), *twice = vg_alloc(VG_COVERAGE_FILE_BYTES);
    must(day && again && bytes && twice);
    if (vg_coverage_file_parse(data, size, day) == VG_OK) {
        uint32_t there = 0;
        for (int i = 0; i < VG_COVERAGE_DAY_MINUTE; i++) {
            there += day->there[i];
            if (day->there[i])
                check_row(&day->row[i]);
        }
        must(there + day->damaged <= VG_COVERAGE_DAY_MINUTE);
        vg_coverage_file_pack(day, bytes);
        must(vg_coverage_file_parse(bytes, VG_COVERAGE_FILE_BYTES, again) == VG_OK);
        vg_coverage_file_pack(again, twice);
        must(again->damaged == 0 && !memcmp(bytes, twice, VG_COVERAGE_FILE_BYTES));
        for (int i = 0; i < VG_COVERAGE_DAY_MINUTE; i++)
            must(day->there[i] == again->there[i]);
    }
    vg_free(twice);
    vg_free(bytes);
    vg_free(again);
    vg_free(day);
}

static void put32(uint8_t *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> (8 * i));
}

/* A good head, and the bytes as records with good checksums. */
static void dress(const uint8_t *data, size_t size)
{
    uint8_t *bytes = calloc(1, VG_COVERAGE_FILE_BYTES);
    struct vg_coverage_day *empty = vg_alloc(sizeof *empty);
    must(bytes && empty);
    empty->day = 20000;
    empty->flux[0] = 'c';
    vg_coverage_file_pack(empty, bytes);
    const size_t room = VG_COVERAGE_FILE_BYTES - VG_COVERAGE_HEAD_BYTES;
    memcpy(bytes + VG_COVERAGE_HEAD_BYTES, data, size < room ? size : room);
    for (uint32_t i = 0; i < VG_COVERAGE_DAY_MINUTE && i * VG_COVERAGE_RECORD_BYTES < size; i++) {
        uint8_t *p = bytes + VG_COVERAGE_HEAD_BYTES + i * VG_COVERAGE_RECORD_BYTES, name[8] = {0};
        put32(name, 20000 * VG_COVERAGE_DAY_MINUTE + i);
        p[4] = (uint8_t)i;
        p[5] = (uint8_t)(i >> 8);
        put32(p, vg_crc32c(vg_crc32c(0, name, 8), p + 4, VG_COVERAGE_RECORD_BYTES - 4));
    }
    parse(bytes, VG_COVERAGE_FILE_BYTES);
    free(bytes);
    vg_free(empty);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > VG_COVERAGE_FILE_BYTES)
        return 0;
    parse(data, size);
    dress(data, size);
    return 0;
}
