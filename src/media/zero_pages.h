/* Memory that holds nothing but zeros, given back to the system while it stays allocated.
 *
 * libavcodec clears all that it allocates, and of an H.264 or H.265 decoder's own state 0.7 MB of
 * 0.75 are never written again: pages of zeros, for each flux. */
#ifndef VG_MEDIA_ZERO_PAGES_H
#define VG_MEDIA_ZERO_PAGES_H

#include <stddef.h>

/* Gives back the whole pages of zeros of an allocation of the C library (malloc, posix_memalign),
 * which nobody may write meanwhile. It reads as before; who writes there has a page again. NULL:
 * nothing. The bytes given back; where the system does not want them, 0. */
size_t vg_zero_pages_give_back(void *allocation);

#endif
