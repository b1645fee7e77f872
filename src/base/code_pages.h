/* Gives back memory that holds code which was needed to get ready and is not any more: an OpenCL
 * compiler's, 54 of the 73 MB of a process that has opened PoCL 3.1. Linux alone; elsewhere
 * nothing happens. */
#ifndef VG_BASE_CODE_PAGES_H
#define VG_BASE_CODE_PAGES_H

/* Of every library whose code is VG_CODE_PAGES_LARGE or more. Such pages are never written, so
 * that what is called again is read again, as at first; it costs time, not correctness. Any
 * thread, also while others run that code. */
#define VG_CODE_PAGES_LARGE (16u << 20)
void vg_code_pages_drop(void);

#endif
