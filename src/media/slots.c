/* Slots in shared memory; see slots.h for the states and the trust.
 *
 *   0        struct header                    written once by vg_slots_create
 *   4096     struct flux_block[flux_max]      wants, counters, states of the slots
 *   ...      slots, each slot_bytes long      NV12; flux 0's slots, flux 1's, ...
 *
 * Everything from the header is copied into struct vg_slots and never read again. */
#define _GNU_SOURCE /* memfd_create and the seals, which POSIX does not have */
#include "src/media/slots.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/base/text.h"
#include "src/base/usdt.h"

static_assert(ATOMIC_LLONG_LOCK_FREE == 2 && ATOMIC_INT_LOCK_FREE == 2,
              "atomics shared by processes must be lock-free");

#define MAGIC      UINT64_C(0x31544f4c53475600) /* "\0VGSLOT1" */
#define LAYOUT     3u
#define PAGE       4096u
#define SEALS      (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)
#define TIME_LIMIT (INT64_MAX / 4) /* sums of two times cannot overflow */

enum slot_state {
    SLOT_FREE,
    SLOT_WRITING,
    SLOT_READY,
    SLOT_HELD
};

/* Written by create alone, before anybody else has the memory. */
struct header {
    uint64_t magic;
    uint32_t layout;
    uint32_t flux_max, slots_per_flux, width_max, height_max;
    uint32_t block_bytes;
    uint64_t slot_bytes, pixels_offset, total_bytes;
};

struct slot_block {
    /* Atomic. The writer moves FREE -> WRITING and READY -> WRITING or FREE (compare-exchange,
     * acquire: the reader's last look is over), WRITING -> READY (release: pixels and fields
     * are there); the reader READY -> HELD (compare-exchange, acquire) and HELD -> FREE
     * (release). */
    _Alignas(64) _Atomic uint32_t state;
    /* Of the writer while WRITING, of the reader while HELD; atomic (relaxed, ordered by
     * state) because a hostile writer may write at any time. */
    _Atomic uint32_t width, height, matrix, range, epoch;
    _Atomic uint64_t number; /* of publications of the flux, from 1: the greater is newer */
    _Atomic uint64_t sequence, tag;
    _Atomic int64_t media_us, arrival_us, sent_us, ready_us, wall_us;
};

struct flux_block {
    /* Set by the reader (relaxed), used up by the writer (compare-exchange, release) and seen so
     * by the reader (acquire). In a line with what changes rarely. */
    _Alignas(64) _Atomic int64_t wanted_us;
    _Atomic int64_t owed_us; /* written by the reader, read by the writer; relaxed */
    /* Atomic, relaxed, written by the flux's writer thread alone: each is a figure by itself. The
     * tag is 0 while another takes the place, so that the reader's late counts miss the next. */
    _Alignas(64) _Atomic uint64_t tag;
    _Atomic uint32_t connection, width, height, fps_milli, epoch;
    _Atomic int32_t cause;
    _Atomic int64_t arrival_us, decoded_us;
    _Atomic uint64_t reconnects, jumps;
    _Atomic uint64_t decoded;
    _Atomic uint64_t published, reclaimed; /* READY made; READY taken back unread */
    _Atomic uint64_t fate[VG_FATE_COUNT];  /* the writer's */
    _Atomic int64_t figure[VG_FIGURE_COUNT];
    /* The reader's counts, apart, so that recover_writer finds what the writer lost while the
     * reader goes on. Atomic, relaxed. */
    _Alignas(64) _Atomic uint64_t read_fate[VG_FATE_COUNT];
    struct slot_block slot[VG_SLOTS_PER_FLUX_MAX];
};

struct vg_slots {
    struct vg_slots_settings geometry; /* own copy, checked */
    uint64_t slot_bytes, pixels_offset, total_bytes;
    uint8_t *memory;
    struct flux_block *flux;
    /* What this mapping holds: atomic, acq_rel, set by the taker, cleared by who gives back. */
    _Atomic uint8_t held[VG_SLOTS_FLUX_MAX][VG_SLOTS_PER_FLUX_MAX];
    uint64_t expect[VG_SLOTS_FLUX_MAX]; /* the taker's thread alone */
};

struct vg_slots_settings vg_slots_defaults(void)
{
    return (struct vg_slots_settings){
        .flux_max = 25, .slots_per_flux = 4, .width_max = 1920, .height_max = 1088};
}

static bool settings_hold(const struct vg_slots_settings *s)
{
    return s->flux_max >= 1 && s->flux_max <= VG_SLOTS_FLUX_MAX && s->slots_per_flux >= 2 &&
           s->slots_per_flux <= VG_SLOTS_PER_FLUX_MAX && s->width_max >= 16 &&
           s->width_max <= VG_PICTURE_WIDTH_MAX && s->height_max >= 16 &&
           s->height_max <= VG_PICTURE_HEIGHT_MAX && s->width_max % 2 == 0 &&
           s->height_max % 2 == 0;
}

/* The one header that these settings give. Products are small: 64 * 8 * 14 MB. */
static struct header header_of(const struct vg_slots_settings *s)
{
    const uint64_t picture = vg_pixels_bytes(s->width_max, s->height_max);
    const uint64_t slot_bytes = (picture + PAGE - 1) / PAGE * PAGE;
    const uint64_t blocks = s->flux_max * sizeof(struct flux_block);
    const uint64_t pixels = PAGE + (blocks + PAGE - 1) / PAGE * PAGE;
    return (struct header){
        .magic = MAGIC,
        .layout = LAYOUT,
        .flux_max = s->flux_max,
        .slots_per_flux = s->slots_per_flux,
        .width_max = s->width_max,
        .height_max = s->height_max,
        .block_bytes = (uint32_t)sizeof(struct flux_block),
        .slot_bytes = slot_bytes,
        .pixels_offset = pixels,
        .total_bytes = pixels + s->flux_max * s->slots_per_flux * slot_bytes,
    };
}

enum vg_status vg_slots_create(const struct vg_slots_settings *settings, int *fd,
                               struct vg_fault *fault)
{
    enum vg_status status = VG_E_LACK;
    uint8_t *start = MAP_FAILED;
    size_t head = 0;

    *fd = -1;
    if (!settings_hold(settings))
        return vg_fault_set(fault, VG_E_CALL, N_("these sizes of picture slots are not possible"),
                            NULL, "%u x %u, %u x %u", settings->flux_max, settings->slots_per_flux,
                            settings->width_max, settings->height_max);
    const struct header header = header_of(settings);
    head = (size_t)header.pixels_offset;
    int made = memfd_create("vigie-slots", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (made < 0 || ftruncate(made, (off_t)header.total_bytes) < 0)
        goto done;
    start = mmap(NULL, head, PROT_READ | PROT_WRITE, MAP_SHARED, made, 0);
    if (start == MAP_FAILED)
        goto done;
    memcpy(start, &header, sizeof header);
    struct flux_block *flux = (void *)(start + PAGE);
    for (uint32_t f = 0; f < header.flux_max; f++) {
        atomic_init(&flux[f].wanted_us, VG_SLOTS_NEVER);
        atomic_init(&flux[f].owed_us, VG_SLOTS_NEVER);
    }
    if (fcntl(made, F_ADD_SEALS, SEALS) < 0)
        goto done;
    *fd = made;
    made = -1;
    status = VG_OK;
done:
    if (status != VG_OK)
        (void)vg_fault_set(fault, status, N_("there is no memory for the picture slots"),
                           N_("free some memory, or lower the number of flux"), "%s",
                           strerror(errno));
    if (start != MAP_FAILED)
        (void)munmap(start, head);
    if (made >= 0)
        (void)close(made);
    return status;
}

/* Reads and checks the header. It may change while we look: we look at one copy. */
static bool header_read(int fd, struct header *header)
{
    struct stat about;
    const int seals = fcntl(fd, F_GET_SEALS);
    if (seals < 0 || (seals & F_SEAL_SHRINK) == 0 || fstat(fd, &about) < 0)
        return false;
    if (pread(fd, header, sizeof *header, 0) != (ssize_t)sizeof *header)
        return false;
    const struct vg_slots_settings settings = {.flux_max = header->flux_max,
                                               .slots_per_flux = header->slots_per_flux,
                                               .width_max = header->width_max,
                                               .height_max = header->height_max};
    if (!settings_hold(&settings))
        return false;
    const struct header want = header_of(&settings);
    return memcmp(header, &want, sizeof want) == 0 && about.st_size >= 0 &&
           (uint64_t)about.st_size == want.total_bytes;
}

enum vg_status vg_slots_open(struct vg_slots **slots, int fd, struct vg_fault *fault)
{
    struct header header;
    *slots = NULL;
    if (!header_read(fd, &header))
        return vg_fault_set(fault, VG_E_INPUT, N_("this is not a memory of picture slots"), NULL,
                            "fd %d", fd);
    struct vg_slots *s = vg_alloc(sizeof *s);
    if (!s)
        return vg_fault_set(fault, VG_E_MEMORY, vg_status_text(VG_E_MEMORY), NULL, "slots");
    s->geometry = (struct vg_slots_settings){.flux_max = header.flux_max,
                                             .slots_per_flux = header.slots_per_flux,
                                             .width_max = header.width_max,
                                             .height_max = header.height_max};
    s->slot_bytes = header.slot_bytes;
    s->pixels_offset = header.pixels_offset;
    s->total_bytes = header.total_bytes;
    s->memory = mmap(NULL, (size_t)s->total_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (s->memory == MAP_FAILED) {
        vg_free(s);
        return vg_fault_set(fault, VG_E_LACK, N_("the picture slots cannot be mapped"), NULL, "%s",
                            strerror(errno));
    }
    s->flux = (void *)(s->memory + PAGE);
    *slots = s;
    return VG_OK;
}

void vg_slots_close(struct vg_slots **slots)
{
    struct vg_slots *s = *slots;
    if (!s)
        return;
    (void)munmap(s->memory, (size_t)s->total_bytes);
    vg_free(s);
    *slots = NULL;
}

struct vg_slots_settings vg_slots_geometry(const struct vg_slots *slots)
{
    return slots->geometry;
}

uint64_t vg_slots_tag(const char *id)
{
    uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a */
    for (; *id; id++)
        hash = (hash ^ (uint8_t)*id) * UINT64_C(1099511628211);
    return hash ? hash : 1;
}

static struct flux_block *block_of(const struct vg_slots *slots, uint32_t flux)
{
    assert(flux < slots->geometry.flux_max);
    return &slots->flux[flux];
}

static uint8_t *pixels_of(const struct vg_slots *slots, uint32_t flux, uint32_t slot)
{
    assert(flux < slots->geometry.flux_max && slot < slots->geometry.slots_per_flux);
    return slots->memory + slots->pixels_offset +
           (flux * slots->geometry.slots_per_flux + slot) * slots->slot_bytes;
}

static bool size_holds(const struct vg_slots *slots, uint32_t width, uint32_t height)
{
    return width >= 2 && height >= 2 && width <= slots->geometry.width_max &&
           height <= slots->geometry.height_max && width % 2 == 0 && height % 2 == 0;
}

#define GET(field)        atomic_load_explicit(&(field), memory_order_relaxed)
#define SET(field, value) atomic_store_explicit(&(field), (value), memory_order_relaxed)
#define ADD(field, value) atomic_fetch_add_explicit(&(field), (value), memory_order_relaxed)

static bool state_move(struct slot_block *slot, enum slot_state from, enum slot_state to)
{
    uint32_t expected = (uint32_t)from;
    return atomic_compare_exchange_strong_explicit(&slot->state, &expected, (uint32_t)to,
                                                   memory_order_acq_rel, memory_order_relaxed);
}

static uint32_t state_get(const struct slot_block *slot)
{
    return atomic_load_explicit(&slot->state, memory_order_acquire);
}

/* For who looks in from outside. Pictures that a killed process took with it are not told. */
static void tell_drop(uint32_t flux, enum vg_fate fate)
{
    if (fate != VG_FATE_ANALYSED)
        vg_probe_picture_drop(flux, vg_fate_name(fate));
}

/* ---- writer ---- */

/* Counts an unread picture taken back. reclaimed first: a kill between the two leaves one
 * picture without a fate, which vg_slots_recover_writer finds. */
static void reclaimed(struct flux_block *block, uint32_t flux, enum vg_fate fate)
{
    ADD(block->reclaimed, 1);
    ADD(block->fate[fate], 1);
    tell_drop(flux, fate);
}

void vg_slots_withdraw(struct vg_slots *slots, uint32_t flux, enum vg_fate fate)
{
    struct flux_block *block = block_of(slots, flux);
    for (uint32_t i = 0; i < slots->geometry.slots_per_flux; i++)
        if (state_move(&block->slot[i], SLOT_READY, SLOT_FREE))
            reclaimed(block, flux, fate);
}

void vg_slots_assign(struct vg_slots *slots, uint32_t flux, uint64_t tag)
{
    struct flux_block *block = block_of(slots, flux);
    if (GET(block->tag) == tag)
        return;
    vg_slots_withdraw(slots, flux, VG_FATE_STOPPED);
    atomic_store(&block->tag, 0);
    for (uint32_t i = 0; i < slots->geometry.slots_per_flux; i++)
        SET(block->slot[i].number, 0);
    for (uint32_t f = 0; f < VG_FATE_COUNT; f++) {
        SET(block->fate[f], 0);
        SET(block->read_fate[f], 0);
    }
    SET(block->decoded, 0);
    SET(block->published, 0);
    SET(block->reclaimed, 0);
    SET(block->reconnects, 0);
    SET(block->jumps, 0);
    SET(block->arrival_us, 0);
    SET(block->decoded_us, 0);
    for (int f = 0; f < VG_FIGURE_COUNT; f++)
        SET(block->figure[f], 0);
    SET(block->figure[VG_FIGURE_TRANSPORT], -1); /* no word of its table */
    SET(block->figure[VG_FIGURE_DECODER], -1);
    vg_slots_set_format(slots, flux, 0, 0, 0);
    vg_slots_set_connection(slots, flux, VG_CONNECTION_OFF, VG_OK);
    (void)vg_slots_next_epoch(slots, flux);
    atomic_store(&block->tag, tag);
}

int64_t vg_slots_wanted_us(const struct vg_slots *slots, uint32_t flux)
{
    return atomic_load_explicit(&block_of(slots, flux)->wanted_us, memory_order_acquire);
}

enum vg_status vg_slots_begin(struct vg_slots *slots, uint32_t flux, uint32_t width,
                              uint32_t height, struct vg_slots_room *room)
{
    struct flux_block *block = block_of(slots, flux);
    const uint32_t count = slots->geometry.slots_per_flux;
    uint32_t found = count;
    if (!size_holds(slots, width, height))
        return VG_E_CALL;
    for (uint32_t i = 0; i < count && found == count; i++)
        if (state_move(&block->slot[i], SLOT_FREE, SLOT_WRITING))
            found = i;
    for (uint32_t i = 0; i < count && found == count; i++)
        if (state_move(&block->slot[i], SLOT_READY, SLOT_WRITING)) {
            reclaimed(block, flux, VG_FATE_NEWEST);
            found = i;
        }
    if (found == count)
        return VG_E_FULL;
    *room = (struct vg_slots_room){
        .slot = found, .pixels = vg_pixels_over(pixels_of(slots, flux, found), width, height)};
    return VG_OK;
}

/* The want that a picture which arrived then answers is used up, unless it was replaced since it
 * was read. Release, after the picture is READY: who sees the want used up finds the picture. */
static void use_want(struct flux_block *block, int64_t wanted_us, int64_t arrival_us)
{
    if (wanted_us <= arrival_us)
        (void)atomic_compare_exchange_strong_explicit(&block->wanted_us, &wanted_us, VG_SLOTS_NEVER,
                                                      memory_order_release, memory_order_relaxed);
}

void vg_slots_publish(struct vg_slots *slots, uint32_t flux, const struct vg_slots_room *room,
                      const struct vg_picture *about)
{
    struct flux_block *block = block_of(slots, flux);
    assert(room->slot < slots->geometry.slots_per_flux);
    struct slot_block *slot = &block->slot[room->slot];
    SET(slot->width, room->pixels.width);
    SET(slot->height, room->pixels.height);
    SET(slot->matrix, (uint32_t)about->matrix);
    SET(slot->range, (uint32_t)about->range);
    SET(slot->epoch, about->epoch);
    SET(slot->number, GET(block->published) + 1);
    SET(slot->sequence, about->sequence);
    SET(slot->tag, GET(block->tag));
    SET(slot->media_us, about->media.us);
    SET(slot->arrival_us, about->arrival.us);
    SET(slot->sent_us, room->sent.us);
    SET(slot->ready_us, vg_mono_now().us);
    SET(slot->wall_us, about->wall.us);
    const int64_t wanted_us = GET(block->wanted_us);
    /* the older one first: were both READY for a moment, a quick reader would take the new one
     * and then the old one */
    vg_slots_withdraw(slots, flux, VG_FATE_NEWEST);
    atomic_store_explicit(&slot->state, (uint32_t)SLOT_READY, memory_order_release);
    ADD(block->published, 1);
    use_want(block, wanted_us, about->arrival.us);
}

void vg_slots_abandon(struct vg_slots *slots, uint32_t flux, const struct vg_slots_room *room)
{
    assert(room->slot < slots->geometry.slots_per_flux);
    (void)state_move(&block_of(slots, flux)->slot[room->slot], SLOT_WRITING, SLOT_FREE);
}

const char *vg_connection_name(enum vg_connection connection)
{
    static const char *const name[] = {"off", "connecting", "live", "lost", "stopped", "waiting"};
    return (size_t)connection < sizeof name / sizeof *name ? name[connection] : "unknown";
}

void vg_slots_set_connection(struct vg_slots *slots, uint32_t flux, enum vg_connection connection,
                             enum vg_status cause)
{
    struct flux_block *block = block_of(slots, flux);
    SET(block->connection, (uint32_t)connection);
    SET(block->cause, (int32_t)cause);
}

void vg_slots_set_format(struct vg_slots *slots, uint32_t flux, uint32_t width, uint32_t height,
                         uint32_t fps_milli)
{
    struct flux_block *block = block_of(slots, flux);
    SET(block->width, width);
    SET(block->height, height);
    SET(block->fps_milli, fps_milli);
}

uint32_t vg_slots_next_epoch(struct vg_slots *slots, uint32_t flux)
{
    return ADD(block_of(slots, flux)->epoch, 1) + 1;
}

void vg_slots_set_figure(struct vg_slots *slots, uint32_t flux, enum vg_figure figure,
                         int64_t value)
{
    assert((size_t)figure < VG_FIGURE_COUNT);
    SET(block_of(slots, flux)->figure[figure], value);
}

void vg_slots_count_reconnect(struct vg_slots *slots, uint32_t flux)
{
    ADD(block_of(slots, flux)->reconnects, 1);
}

void vg_slots_count_jump(struct vg_slots *slots, uint32_t flux)
{
    ADD(block_of(slots, flux)->jumps, 1);
}

uint64_t vg_slots_count_decoded(struct vg_slots *slots, uint32_t flux, struct vg_mono_time arrival)
{
    struct flux_block *block = block_of(slots, flux);
    SET(block->arrival_us, arrival.us);
    SET(block->decoded_us, vg_mono_now().us);
    return ADD(block->decoded, 1);
}

void vg_slots_count(struct vg_slots *slots, uint32_t flux, enum vg_fate fate)
{
    struct flux_block *block = block_of(slots, flux);
    assert(fate >= 0 && fate < VG_FATE_COUNT);
    tell_drop(flux, fate);
    if (slots->expect[flux] == 0)
        ADD(block->fate[fate], 1);
    else if (slots->expect[flux] == GET(block->tag))
        ADD(block->read_fate[fate], 1);
}

/* Pictures that went somewhere by the writer: into a fate, or to the reader, or waiting. */
static uint64_t accounted(const struct flux_block *block)
{
    uint64_t sum = GET(block->published) - GET(block->reclaimed);
    for (uint32_t f = 0; f < VG_FATE_COUNT; f++)
        sum += GET(block->fate[f]);
    return sum;
}

uint64_t vg_slots_recover_writer(struct vg_slots *slots)
{
    uint64_t lost = 0;
    for (uint32_t f = 0; f < slots->geometry.flux_max; f++) {
        struct flux_block *block = block_of(slots, f);
        for (uint32_t i = 0; i < slots->geometry.slots_per_flux; i++) {
            struct slot_block *slot = &block->slot[i];
            if (state_move(slot, SLOT_WRITING, SLOT_FREE)) {
                SET(slot->number, 0);
                continue;
            }
            /* killed after READY, before the count: the number tells */
            if (GET(slot->number) == GET(block->published) + 1)
                ADD(block->published, 1);
        }
        const uint64_t in = GET(block->decoded), out = accounted(block);
        if (in > out) {
            ADD(block->fate[VG_FATE_SHUTDOWN], in - out);
            lost += in - out;
        }
    }
    return lost;
}

/* ---- reader ---- */

void vg_slots_want(struct vg_slots *slots, uint32_t flux, int64_t from_us)
{
    SET(block_of(slots, flux)->wanted_us, from_us);
}

void vg_slots_owe(struct vg_slots *slots, uint32_t flux, int64_t period_us)
{
    SET(block_of(slots, flux)->owed_us, period_us);
}

int64_t vg_slots_owed_us(const struct vg_slots *slots, uint32_t flux)
{
    const int64_t period_us = GET(block_of(slots, flux)->owed_us);
    return period_us >= 0 ? period_us : VG_SLOTS_NEVER;
}

void vg_slots_expect(struct vg_slots *slots, uint32_t flux, uint64_t tag)
{
    assert(flux < slots->geometry.flux_max);
    slots->expect[flux] = tag;
}

/* Counts the picture in a HELD slot, unless its flux has left the place. */
static void count_held(const struct vg_slots *slots, uint32_t flux, uint32_t slot,
                       enum vg_fate fate)
{
    struct flux_block *block = block_of(slots, flux);
    tell_drop(flux, fate);
    if (GET(block->slot[slot].tag) == GET(block->tag))
        ADD(block->read_fate[fate], 1);
}

/* The READY slot published last (an honest writer has one at most), or slots_per_flux. */
static uint32_t newest_ready(const struct vg_slots *slots, const struct flux_block *block)
{
    const uint32_t count = slots->geometry.slots_per_flux;
    uint32_t best = count;
    uint64_t number = 0;
    for (uint32_t i = 0; i < count; i++)
        if (state_get(&block->slot[i]) == SLOT_READY &&
            (best == count || GET(block->slot[i].number) > number)) {
            best = i;
            number = GET(block->slot[i].number);
        }
    return best;
}

static bool time_holds(int64_t us)
{
    return us >= 0 && us <= TIME_LIMIT;
}

/* One copy of each field, then the checks on the copy: the writer may write meanwhile. */
static bool picture_read(const struct vg_slots *slots, uint32_t flux, uint32_t i,
                         struct vg_picture *picture)
{
    const struct slot_block *slot = &block_of(slots, flux)->slot[i];
    const uint32_t width = GET(slot->width), height = GET(slot->height);
    const uint32_t matrix = GET(slot->matrix), range = GET(slot->range);
    const int64_t media = GET(slot->media_us), arrival = GET(slot->arrival_us),
                  ready = GET(slot->ready_us), wall = GET(slot->wall_us);
    if (!size_holds(slots, width, height) || matrix > VG_MATRIX_BT709 || range > VG_RANGE_FULL ||
        !time_holds(media) || !time_holds(arrival) || !time_holds(ready) || !time_holds(wall))
        return false;
    const struct vg_pixels pixels = vg_pixels_over(pixels_of(slots, flux, i), width, height);
    *picture = (struct vg_picture){
        .luma = pixels.luma,
        .chroma = pixels.chroma,
        .width = width,
        .height = height,
        .luma_stride = pixels.luma_stride,
        .chroma_stride = pixels.chroma_stride,
        .matrix = matrix == VG_MATRIX_BT709 ? VG_MATRIX_BT709 : VG_MATRIX_BT601,
        .range = range == VG_RANGE_FULL ? VG_RANGE_FULL : VG_RANGE_LIMITED,
        .flux = flux,
        .epoch = GET(slot->epoch),
        .sequence = GET(slot->sequence),
        .media = {media},
        .arrival = {arrival},
        .ready = {ready},
        .wall = {wall},
    };
    return true;
}

struct vg_mono_time vg_slots_sent(const struct vg_slots *slots, uint32_t flux, uint32_t slot,
                                  const struct vg_picture *picture)
{
    assert(slot < slots->geometry.slots_per_flux);
    const int64_t sent = GET(block_of(slots, flux)->slot[slot].sent_us);
    const bool holds = sent >= picture->arrival.us && sent <= picture->ready.us;
    return (struct vg_mono_time){holds ? sent : picture->arrival.us};
}

enum vg_status vg_slots_take_newest(struct vg_slots *slots, uint32_t flux, uint32_t *slot,
                                    struct vg_picture *picture)
{
    struct flux_block *block = block_of(slots, flux);
    const uint32_t count = slots->geometry.slots_per_flux;
    /* A slot vanishes under our hand only because a newer picture is on its way; at the bound we
     * leave, and its eventfd calls us again. */
    for (uint32_t attempt = 0; attempt < 4 * count; attempt++) {
        const uint32_t i = newest_ready(slots, block);
        if (i == count)
            return VG_E_END;
        if (!state_move(&block->slot[i], SLOT_READY, SLOT_HELD))
            continue;
        /* READY although this mapping holds it: the writer broke the rules. It stays held. */
        if (atomic_exchange_explicit(&slots->held[flux][i], 1, memory_order_acq_rel)) {
            count_held(slots, flux, i, VG_FATE_CORRUPT);
            return VG_E_INTEGRITY;
        }
        if (!picture_read(slots, flux, i, picture)) {
            count_held(slots, flux, i, VG_FATE_CORRUPT);
            vg_slots_give_back(slots, flux, i);
            return VG_E_INTEGRITY;
        }
        if (slots->expect[flux] && GET(block->slot[i].tag) != slots->expect[flux]) {
            count_held(slots, flux, i, VG_FATE_STOPPED);
            vg_slots_give_back(slots, flux, i);
            continue;
        }
        *slot = i;
        return VG_OK;
    }
    return VG_E_END;
}

void vg_slots_give_back(struct vg_slots *slots, uint32_t flux, uint32_t slot)
{
    assert(slot < slots->geometry.slots_per_flux);
    struct flux_block *block = block_of(slots, flux);
    const uint8_t held =
        atomic_exchange_explicit(&slots->held[flux][slot], 0, memory_order_acq_rel);
    assert(held);
    (void)held;
    atomic_store_explicit(&block->slot[slot].state, (uint32_t)SLOT_FREE, memory_order_release);
}

uint32_t vg_slots_recover_reader(struct vg_slots *slots)
{
    uint32_t freed = 0;
    for (uint32_t f = 0; f < slots->geometry.flux_max; f++) {
        struct flux_block *block = block_of(slots, f);
        SET(block->wanted_us, VG_SLOTS_NEVER);
        SET(block->owed_us, VG_SLOTS_NEVER);
        for (uint32_t i = 0; i < slots->geometry.slots_per_flux; i++)
            if (state_get(&block->slot[i]) == SLOT_HELD) {
                count_held(slots, f, i, VG_FATE_SHUTDOWN);
                if (state_move(&block->slot[i], SLOT_HELD, SLOT_FREE))
                    freed++;
            }
    }
    return freed;
}

/* ---- both ---- */

int64_t vg_slots_figure(const struct vg_slots *slots, uint32_t flux, enum vg_figure figure)
{
    assert((size_t)figure < VG_FIGURE_COUNT);
    const int64_t value = GET(block_of(slots, flux)->figure[figure]);
    return value >= -1 ? value : 0;
}

int64_t vg_slots_arrival_us(const struct vg_slots *slots, uint32_t flux)
{
    const int64_t arrival_us = GET(block_of(slots, flux)->arrival_us);
    return time_holds(arrival_us) ? arrival_us : 0;
}

void vg_slots_state(const struct vg_slots *slots, uint32_t flux, struct vg_slots_state *state)
{
    const struct flux_block *block = block_of(slots, flux);
    const uint32_t connection = GET(block->connection);
    const int32_t cause = GET(block->cause);
    const int64_t arrival_us = GET(block->arrival_us), decoded_us = GET(block->decoded_us);
    const uint64_t tag = GET(block->tag);
    uint64_t ready = 0, held = 0;
    for (uint32_t i = 0; i < slots->geometry.slots_per_flux; i++) {
        const uint32_t now = state_get(&block->slot[i]);
        ready += now == SLOT_READY;
        held += now == SLOT_HELD && GET(block->slot[i].tag) == tag;
    }
    *state = (struct vg_slots_state){
        .tag = tag,
        .connection =
            connection < VG_CONNECTION_COUNT ? (enum vg_connection)connection : VG_CONNECTION_OFF,
        .cause = cause <= VG_OK && cause >= VG_E_INTERRUPTED ? (enum vg_status)cause : VG_E_IO,
        .width = GET(block->width),
        .height = GET(block->height),
        .fps_milli = GET(block->fps_milli),
        .epoch = GET(block->epoch),
        .reconnects = GET(block->reconnects),
        .jumps = GET(block->jumps),
        .arrival = {time_holds(arrival_us) ? arrival_us : 0},
        .decoded_at = {time_holds(decoded_us) ? decoded_us : 0},
        .wanted_us = GET(block->wanted_us),
        .decoded = GET(block->decoded),
        .ready = ready,
        .held = held,
    };
    for (uint32_t f = 0; f < VG_FATE_COUNT; f++)
        state->fate[f] = GET(block->fate[f]) + GET(block->read_fate[f]);
    for (int f = 0; f < VG_FIGURE_COUNT; f++)
        state->figure[f] = vg_slots_figure(slots, flux, (enum vg_figure)f);
}
