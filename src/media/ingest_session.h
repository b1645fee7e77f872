/* One flux from the opening of its source to its loss: packets into the ring, pictures that are
 * wanted into the slots, figures beside them. Used again and again by the flux's thread. */
#ifndef VG_MEDIA_INGEST_SESSION_H
#define VG_MEDIA_INGEST_SESSION_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/clock.h"
#include "src/media/decode_ladder.h"
#include "src/media/ingest_config.h"
#include "src/media/input_meter.h"
#include "src/media/jpeg_post.h"
#include "src/media/loss_doubt.h"
#include "src/media/owed.h"
#include "src/media/packet_ring.h"
#include "src/media/silence.h"
#include "src/media/slots.h"
#include "src/media/source.h"
#include "src/media/timeline.h"
#include "src/media/transport_choice.h"

/* What a source is received for. */
enum vg_ingest_purpose {
    VG_INGEST_ANALYSIS, /* its url: decoded, told in the slots, kept where there is no other */
    VG_INGEST_EVIDENCE  /* its evidence_url: kept, nothing else */
};

struct vg_ingest_session_settings {
    enum vg_ingest_purpose purpose;
    struct vg_slots *slots;            /* borrowed, as all that follows */
    uint32_t place;                    /* in the slots */
    int event_fd;                      /* told of each picture */
    struct vg_decode_devices *devices; /* NULL: software alone */
    struct vg_packet_ring *ring;       /* its only writer is this; NULL: nothing is kept */
    struct vg_jpeg_post *post;         /* NULL: nobody looks by JPEG */
    _Atomic int64_t *due_us;           /* when this thread shows up again at the latest; relaxed */
    const char *data;                  /* the data folder, or NULL */
    int64_t open_us, read_us;          /* deadlines, see vg_source_settings */
    uint64_t seed;
};

struct vg_ingest_session {
    struct vg_ingest_session_settings settings; /* constant */

    /* Under the lock: written by the flux's thread, which reads it without. */
    pthread_mutex_t lock;
    struct vg_ladder *ladder;
    struct vg_ladder_state ladder_told; /* as it stood when figures were told last */
    _Atomic uint32_t software; /* enum vg_decode_step: the best allowed; any thread, relaxed */

    /* the thread's own */
    /* of the run in progress */
    const struct vg_ingest_flux_config *config;
    const struct vg_ingest_site_settings *site; /* NULL: nothing is declared */
    struct vg_cancel cancel;
    struct vg_source *source;
    uint32_t codec_version;    /* that the ladder was opened with, or the ring told of; 0: none */
    bool finished;             /* the pictures of all packets are out */
    int64_t read_us;           /* deadline of a read, as the source was told it last */
    struct vg_silence silence; /* of the flux, over its sessions */
    struct vg_timeline timeline;
    struct vg_input_meter meter;
    struct vg_mono_time last_arrival, told; /* of the last picture; figures were told */
    struct vg_owed owed;
    int64_t number; /* of the packet given to the ladder last, from 1, as the ladder counts */
    struct vg_loss_doubt doubt;
    uint32_t epoch, width, height, fps_milli;
    bool live;                         /* this run has given a picture */
    bool was_live;                     /* an earlier one had */
    enum vg_status cause;              /* of the last loss, until pictures come */
    struct vg_transport_choice choice; /* where the setting is AUTO */
    enum vg_decode_step step;          /* logged last */
    uint64_t unposted;                 /* pictures for viewers that failed */
    uint64_t falls, rises, decode_us;  /* of ladders that are closed */
    uint64_t passed;                   /* as well */
    uint32_t ladders;                  /* opened for this flux */
};

/* VG_E_LACK. */
enum vg_status vg_ingest_session_init(struct vg_ingest_session *session,
                                      const struct vg_ingest_session_settings *settings)
    VG_MUST_USE;
void vg_ingest_session_release(struct vg_ingest_session *session);

/* Another configuration of the same flux, or another flux (then forget as well). */
enum vg_ingest_change {
    VG_INGEST_SAME_FLUX,
    VG_INGEST_OTHER_FLUX
};
void vg_ingest_session_reset(struct vg_ingest_session *session, enum vg_ingest_change change);

/* The flux may not run: what was kept of it is no more to be shown. */
void vg_ingest_session_forget(struct vg_ingest_session *session);

/* Opens, reads, decodes, until the source is lost or somebody cancels (VG_E_INTERRUPTED or
 * VG_OK). config, site (may be NULL): borrowed for the call. */
enum vg_status vg_ingest_session_run(struct vg_ingest_session *session,
                                     const struct vg_ingest_flux_config *config,
                                     const struct vg_ingest_site_settings *site,
                                     struct vg_cancel cancel) VG_MUST_USE;

/* ---- any thread ---- */

/* What software decoding this flux may use from now on. */
void vg_ingest_session_allow(struct vg_ingest_session *session, enum vg_decode_step software);

/* The ladder's state some seconds ago; all zero without one. */
void vg_ingest_session_ladder(struct vg_ingest_session *session, struct vg_ladder_state *state);

/* The call into a driver that the thread is in. */
struct vg_ladder_call vg_ingest_session_call(struct vg_ingest_session *session);
/* A driver hangs, and the process ends for it: what the next one shall know of this flux. */
void vg_ingest_session_leave_hung(struct vg_ingest_session *session, struct vg_mono_time now);

/* "This thread shows up within", see due_us. */
void vg_ingest_session_promise(const struct vg_ingest_session *session, int64_t within_us);

#endif
