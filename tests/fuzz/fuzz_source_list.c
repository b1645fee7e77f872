/* Whatever the bytes: a list of sources is refused with a place, or gives rows that are whole. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "src/media/source_list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct vg_source_list list;
    struct vg_source_row row;
    struct vg_fault fault = {.place = ""};
    enum vg_status status = vg_source_list_begin(&list, "f", data, size, &fault);
    while (status == VG_OK) {
        status = vg_source_list_next(&list, &row);
        if (status)
            break;
        must(row.url[0] && strlen(row.url) < sizeof row.url && row.id[0]);
        must(row.transport <= VG_TRANSPORT_MULTICAST);
        for (const char *at = row.id; *at; at++)
            must((unsigned char)*at >= ' ' && *at != 0x7f);
    }
    must(status == VG_E_END || (status == VG_E_INPUT && fault.place[0]));
    return 0;
}
