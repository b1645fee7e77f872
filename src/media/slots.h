/* The pictures that an ingest process hands to analysis, in memory shared by both.
 *
 * One memory (memfd) per ingest process, made by the supervisor, mapped by both. The writer is
 * ingest (one thread per flux), the reader is analysis. Each flux has a few slots:
 *
 *   FREE --begin--> WRITING --publish--> READY --take_newest--> HELD --give_back--> FREE
 *                      ^                   |
 *                      +----- reclaim -----+   unread when a newer one is there: "newest"
 *
 * The newest READY picture wins; nobody ever waits for the other side. The writer tells the
 * reader by an eventfd, which the caller writes after publish.
 *
 * Every picture that the decoder gave is counted: at rest, for each flux,
 *     decoded = sum of all fates + ready + held
 * (fates of src/media/fate.h, of both sides; ready: READY, waiting; held: HELD by the reader).
 * The counters live here and nowhere else: a reader or writer that ends loses none. They start
 * at 0 only with vg_slots_assign of another tag.
 *
 * The other process is not trusted. Sizes and offsets are computed from the header, which is
 * copied and checked once, when mapping; the size of the memory is sealed; what stands in a slot
 * is copied and checked at each take. So a crashed or hostile ingest can spoil pixels and
 * counters, never make analysis read outside the mapping. */
#ifndef VG_MEDIA_SLOTS_H
#define VG_MEDIA_SLOTS_H

#include <stdbool.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/clock.h"
#include "src/base/fault.h"
#include "src/media/fate.h"
#include "src/media/figure.h"
#include "src/media/picture.h"
#include "src/media/pixels.h"

#define VG_SLOTS_FLUX_MAX     64
#define VG_SLOTS_PER_FLUX_MAX 8
#define VG_SLOTS_NEVER        INT64_MAX

struct vg_slots_settings {
    uint32_t flux_max;              /* 1 to VG_SLOTS_FLUX_MAX */
    uint32_t slots_per_flux;        /* 2 to VG_SLOTS_PER_FLUX_MAX */
    uint32_t width_max, height_max; /* even, 16 to VG_PICTURE_*_MAX; larger pictures are scaled */
};

/* 25 flux, 4 slots each, 1920 x 1088. Pages that no picture ever touched cost no memory. */
struct vg_slots_settings vg_slots_defaults(void);

/* Makes the memory: *fd is given (close-on-exec; the supervisor hands it on by dup2). No picture
 * is wanted, every flux is off. VG_E_CALL (settings), VG_E_LACK (no memory for it). */
enum vg_status vg_slots_create(const struct vg_slots_settings *settings, int *fd,
                               struct vg_fault *fault) VG_MUST_USE;

struct vg_slots;

/* Maps it for reading and writing; fd is borrowed for the call. VG_E_INPUT: not such a memory,
 * not sealed, or a header that does not hold; VG_E_MEMORY, VG_E_LACK. */
enum vg_status vg_slots_open(struct vg_slots **slots, int fd, struct vg_fault *fault) VG_MUST_USE;
void vg_slots_close(struct vg_slots **slots);

/* As created. Any thread. */
struct vg_slots_settings vg_slots_geometry(const struct vg_slots *slots);

/* A number for a flux's id (never 0), so that a picture of the flux that had this place before
 * is not taken for one of its successor. Pure. */
uint64_t vg_slots_tag(const char *id);

/* ---- writer: for one flux, one thread at a time ---- */

/* Room for one picture (each plane aligned to 64 bytes); borrowed until publish or abandon. */
struct vg_slots_room {
    uint32_t slot;
    struct vg_pixels pixels;
    /* When the picture's packet went to the decoder, for vg_slots_sent; begin sets 0: not known. */
    struct vg_mono_time sent;
};

/* Gives the place `flux` to the flux of this tag: counters and figures start at 0 (the epoch goes
 * on growing; transport and decoder are -1, not known), unread pictures of another tag are dropped. The same tag again changes nothing. */
void vg_slots_assign(struct vg_slots *slots, uint32_t flux, uint64_t tag);

/* The time from which the next picture is wanted; VG_SLOTS_NEVER: none is. Both sides: a reader
 * that finds its want used up finds a picture to take; once it has set the next want, perhaps for
 * a moment none, while a newer one takes its place and uses up that want too. */
int64_t vg_slots_wanted_us(const struct vg_slots *slots, uint32_t flux);

/* When the picture that was decoded last had come; 0: none was. Both sides. */
int64_t vg_slots_arrival_us(const struct vg_slots *slots, uint32_t flux);

/* Room for a picture of width x height (even, within the maximum: VG_E_CALL else). A FREE slot,
 * else the unread READY one (counted as newest), else VG_E_FULL: count VG_FATE_POOL. */
enum vg_status vg_slots_begin(struct vg_slots *slots, uint32_t flux, uint32_t width,
                              uint32_t height, struct vg_slots_room *room) VG_MUST_USE;

/* Hands the picture over. about: colours, epoch, sequence and times are taken from it; pixels and
 * sizes stand in the room. Older unread pictures are reclaimed and counted as newest. The want
 * that this picture answers is then used up (wanted becomes VG_SLOTS_NEVER), unless the reader
 * has set another one meanwhile. Then write the eventfd. */
void vg_slots_publish(struct vg_slots *slots, uint32_t flux, const struct vg_slots_room *room,
                      const struct vg_picture *about);

/* Frees the room without a picture (the caller counts the fate). */
void vg_slots_abandon(struct vg_slots *slots, uint32_t flux, const struct vg_slots_room *room);

/* Drops an unread picture, counted as `fate` (the flux was stopped). */
void vg_slots_withdraw(struct vg_slots *slots, uint32_t flux, enum vg_fate fate);

enum vg_connection {
    VG_CONNECTION_OFF,        /* no flux here, or not active */
    VG_CONNECTION_CONNECTING, /* being opened; no picture yet */
    VG_CONNECTION_LIVE,       /* pictures come */
    VG_CONNECTION_LOST,       /* waiting for the next try */
    VG_CONNECTION_STOPPED,    /* by the stop file or the authorisation */
    VG_CONNECTION_WAITING,    /* nothing is sent to us now: no new file in the folder */
    VG_CONNECTION_COUNT
};
const char *vg_connection_name(enum vg_connection connection);

/* Each sets one field of the flux's state. */
void vg_slots_set_connection(struct vg_slots *slots, uint32_t flux, enum vg_connection connection,
                             enum vg_status cause);
void vg_slots_set_format(struct vg_slots *slots, uint32_t flux, uint32_t width, uint32_t height,
                         uint32_t fps_milli);
void vg_slots_set_figure(struct vg_slots *slots, uint32_t flux, enum vg_figure figure,
                         int64_t value);
/* The next epoch: after a reconnection or a jump. Returns it. */
uint32_t vg_slots_next_epoch(struct vg_slots *slots, uint32_t flux);
void vg_slots_count_reconnect(struct vg_slots *slots, uint32_t flux);
void vg_slots_count_jump(struct vg_slots *slots, uint32_t flux);
/* One more picture from the decoder. Returns its sequence number, from 0. Call it first, then
 * exactly one of: publish, vg_slots_count. */
uint64_t vg_slots_count_decoded(struct vg_slots *slots, uint32_t flux, struct vg_mono_time arrival);

/* One more picture met this fate. The writer counts, once per picture decoded and not published:
 * RATE, OVERLOAD, CORRUPT, POOL, STOPPED, DECODER, SHUTDOWN. The reader counts, once per picture taken and
 * right before its give_back: ANALYSED, OVERLOAD, STILL, STOPPED, SHUTDOWN; from any thread, but
 * not at the same time as its vg_slots_expect. NEWEST, and what take_newest refuses, are counted
 * in here. A mapping that expects a tag is the reader's: its count is dropped when the place has
 * another flux by now, whose picture it was not. */
void vg_slots_count(struct vg_slots *slots, uint32_t flux, enum vg_fate fate);

/* After ingest was killed and before its successor runs (no other writer is alive): WRITING
 * slots become FREE, and pictures that were counted in but met no fate become "shutdown".
 * Returns how many these were; exact while the reader goes on. */
uint64_t vg_slots_recover_writer(struct vg_slots *slots);

/* ---- reader ---- */

/* From this time on (monotonic) one more picture is wanted; VG_SLOTS_NEVER: none. To keep a
 * rate, step this time by the period (not from the arrival met, or 25 fps thinned to 5 becomes
 * 4.2), and not further back than now. Not the same value twice: the picture that answered it the
 * first time could use it up. Any thread. */
void vg_slots_want(struct vg_slots *slots, uint32_t flux, int64_t from_us);

/* The period in which the flux should be looked at, be it asked for or not; 0: every picture;
 * VG_SLOTS_NEVER, as mapped: nothing is owed to it. What is owed and not wanted is counted as
 * overload (owed.h). Any thread, both sides. */
void vg_slots_owe(struct vg_slots *slots, uint32_t flux, int64_t period_us);
int64_t vg_slots_owed_us(const struct vg_slots *slots, uint32_t flux);

/* Only pictures of this tag are taken and counted from now on; 0 (as mapped): of any. One
 * thread. Give back what is held of another tag before. */
void vg_slots_expect(struct vg_slots *slots, uint32_t flux, uint64_t tag);

/* The newest picture of the flux, held from now on: its pixels are borrowed until give_back.
 * picture->flux is the place in this memory. One thread at a time takes for a flux.
 * VG_E_END: none (one of another tag than expected is dropped, counted as stopped).
 * VG_E_INTEGRITY: the writer wrote nonsense; the slot is free again, the picture counted as
 * corrupt. */
enum vg_status vg_slots_take_newest(struct vg_slots *slots, uint32_t flux, uint32_t *slot,
                                    struct vg_picture *picture) VG_MUST_USE;

/* When the packet of a picture that is held went to the decoder: between its arrival and its ready,
 * and its arrival where the writer does not say or says nonsense. */
struct vg_mono_time vg_slots_sent(const struct vg_slots *slots, uint32_t flux, uint32_t slot,
                                  const struct vg_picture *picture);

/* Ends the hold; any thread, once per take, after vg_slots_count of its fate. */
void vg_slots_give_back(struct vg_slots *slots, uint32_t flux, uint32_t slot);

/* After analysis was killed and before its successor takes (a new mapping): HELD slots become
 * FREE, their pictures are counted as shutdown of their flux, and nothing is wanted. Returns how
 * many slots these were. Killed between a count and its give_back, that one counts twice. */
uint32_t vg_slots_recover_reader(struct vg_slots *slots);

/* ---- both ---- */

/* A moment's view of a flux: each field true by itself, the sum only at rest. */
struct vg_slots_state {
    uint64_t tag;
    enum vg_connection connection;
    enum vg_status cause;   /* of the last loss, until pictures come again; VG_OK: none */
    uint32_t width, height; /* as displayed by the source, 0 before the first picture */
    uint32_t fps_milli;     /* nominal, thousandths; 0: the source does not say */
    uint32_t epoch;
    uint64_t reconnects, jumps;  /* jumps: media time rebased on the arrival clock */
    struct vg_mono_time arrival; /* of the last picture, 0: none yet */
    struct vg_mono_time
        decoded_at; /* it came out of its decoder: later, by how far that is behind */
    int64_t wanted_us;
    uint64_t decoded;
    uint64_t fate[VG_FATE_COUNT];    /* both sides' together */
    uint64_t ready, held;            /* now; held: of this tag */
    int64_t figure[VG_FIGURE_COUNT]; /* -1: not known; never less */
};
void vg_slots_state(const struct vg_slots *slots, uint32_t flux, struct vg_slots_state *state);

/* The one figure of it. */
int64_t vg_slots_figure(const struct vg_slots *slots, uint32_t flux, enum vg_figure figure);

#endif
