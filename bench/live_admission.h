/* What admission (decision 0050) would promise by now: of the figures that a running server publishes
 * of its devices and the machine around them, asked as the API asks before a flux is saved. Beside
 * what is measured it says how far its word goes. */
#ifndef VG_BENCH_LIVE_ADMISSION_H
#define VG_BENCH_LIVE_ADMISSION_H

#include "bench/live_server.h"

/* How many flux it would let in, in all: those that are there, one more such as the last if that is
 * held, and as many such as it finds room for. 0: it does not know. Takes memory and some hundredths
 * of a second; the server's thread. */
uint32_t vg_live_admitted(struct vg_live_server *server, const struct vg_load_flux *flux,
                          uint32_t count);

#endif
