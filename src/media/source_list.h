/* A list of sources as CSV (commas, or semicolons as French spreadsheets write them), with a header
 * that names the columns in any order:
 *
 *   id,url,user,password,transport
 *
 * `url` is wanted; the others may be absent. Pure; no allocation. */
#ifndef VG_MEDIA_SOURCE_LIST_H
#define VG_MEDIA_SOURCE_LIST_H

#include <stddef.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/csv.h"
#include "src/base/fault.h"
#include "src/media/source.h"

struct vg_source_row {
    char id[128]; /* UTF-8 that can be shown; the number of its line where the list has none */
    char url[VG_SOURCE_URL_SIZE];
    char user[256], password[256]; /* wipe the row after use */
    enum vg_transport transport;
};

enum {
    VG_SOURCE_COLUMNS = 5
};

struct vg_source_list {
    struct vg_csv_reader reader;
    struct vg_csv_row row;
    int column[VG_SOURCE_COLUMNS]; /* of the file, by our order; -1: not there */
    uint32_t columns;
};

/* Reads the header. data: borrowed until the last row. VG_E_INPUT: no `url`, a column that is not
 * known or stands twice. */
enum vg_status vg_source_list_begin(struct vg_source_list *list, const char *name,
                                    const uint8_t *data, size_t size,
                                    struct vg_fault *fault) VG_MUST_USE;

/* The next row. VG_E_END; VG_E_INPUT with file, line and column, never with a password or an
 * address. */
enum vg_status vg_source_list_next(struct vg_source_list *list,
                                   struct vg_source_row *row) VG_MUST_USE;

#endif
