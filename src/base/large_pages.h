/* Memory in pages of 2 MB where the system has them to give (transparent huge pages by madvise):
 * for tables of many megabytes that are read from end to end, where the processor would else look
 * up an address for every 4 kB. Any thread. */
#ifndef VG_BASE_LARGE_PAGES_H
#define VG_BASE_LARGE_PAGES_H

#include <stddef.h>

#include "src/base/attr.h"

#define VG_LARGE_PAGE_BYTES ((size_t)2 << 20)

/* Zeroed, aligned to a large page; NULL when there is no memory. Given; vg_large_pages_free it. */
void *vg_large_pages_alloc(size_t bytes) VG_MUST_USE;
/* bytes: as asked for. NULL is allowed. */
void vg_large_pages_free(void *memory, size_t bytes);

#endif
