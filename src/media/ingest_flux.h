/* One flux inside ingest: a thread that opens its source, decodes, and hands the wanted
 * pictures over; that tries again when the source is lost, and rests while it may not run. */
#ifndef VG_MEDIA_INGEST_FLUX_H
#define VG_MEDIA_INGEST_FLUX_H

#include <stdbool.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/clock.h"
#include "src/media/ingest_config.h"
#include "src/media/ingest_session.h"
#include "src/media/ingest_site.h"
#include "src/media/slots.h"
#include "src/media/stagger.h"

struct vg_ingest_flux_settings {
    enum vg_ingest_purpose purpose;
    struct vg_slots *slots;   /* borrowed */
    uint32_t place;           /* in the slots */
    int event_fd;             /* borrowed; told of each picture */
    const char *data;         /* borrowed until close: the data folder, read alone; NULL: none */
    int64_t open_us, read_us; /* deadlines, see vg_source_settings */
    uint64_t seed;            /* of the jitter */
    /* borrowed; NULL: software decoding alone, nothing kept, connections at once */
    struct vg_decode_devices *devices;
    struct vg_packet_ring *ring; /* written by this flux alone */
    struct vg_jpeg_post *post;
    struct vg_stagger *stagger;
};

struct vg_ingest_flux;

/* Makes the flux and starts its thread, at rest. VG_E_MEMORY, VG_E_LACK (no thread). */
enum vg_status vg_ingest_flux_open(struct vg_ingest_flux **flux,
                                   const struct vg_ingest_flux_settings *settings) VG_MUST_USE;

/* Waits until the thread has ended, after vg_ingest_flux_quit. */
void vg_ingest_flux_close(struct vg_ingest_flux **flux);

/* ---- any thread; none of these waits for the source ---- */

/* By the stop file and the authorisation. */
enum vg_ingest_leave {
    VG_INGEST_MAY_RUN,
    VG_INGEST_STOPPED
};

/* What it shall do from now on; copied, the site (may be NULL) by reference. What it does is
 * interrupted if anything differs that its source depends on. */
void vg_ingest_flux_configure(struct vg_ingest_flux *flux,
                              const struct vg_ingest_flux_config *config,
                              struct vg_ingest_site *site, enum vg_ingest_leave leave);

/* Asks the thread to end. */
void vg_ingest_flux_quit(struct vg_ingest_flux *flux);

bool vg_ingest_flux_ended(const struct vg_ingest_flux *flux);

/* Whether the thread is within the deadline that it gave itself. */
bool vg_ingest_flux_alive(const struct vg_ingest_flux *flux, struct vg_mono_time now);

/* The tag (vg_slots_tag) of the flux of which its ring and post may hold pictures; 0: they are
 * empty. Who shows them asks first: the thread comes to a stop or to another flux when it can. */
uint64_t vg_ingest_flux_keeps(const struct vg_ingest_flux *flux);

/* For those of its functions that any thread may call. */
struct vg_ingest_session *vg_ingest_flux_session(struct vg_ingest_flux *flux);

/* How long to wait before try number `attempt` (0 after the first loss): 0.5 s at first, up to a
 * random time between 0.5 and 2 s, so that cameras that fell together do not come back together.
 * Where the account is refused, 20 to 30 s: a server may lock an account that fails often; who
 * puts it right changes the flux, which tries at once. random: 0 to 1. Pure. */
int64_t vg_ingest_back_off_us(enum vg_status cause, uint32_t attempt, double random);

#endif
