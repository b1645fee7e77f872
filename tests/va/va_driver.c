/* A VA-API driver without a GPU, for the tests of the hardware path. libva loads it as
 * LIBVA_DRIVERS_PATH/vigietest_drv_video.so with LIBVA_DRIVER_NAME=vigietest.
 *
 * H.264 (4:2:0, 8 bit) is really decoded: the parameter sets are written anew (va_h264.c), the
 * slices go as they came to libavcodec's software decoder, each picture lands in its own NV12
 * surface, and the order of output is the caller's affair as on hardware. H.265 Main is offered
 * and gives grey pictures.
 *
 * VIGIE_TEST_VA, words with commas between, read when a display is initialised; pictures are
 * counted from 0 over all streams of the display:
 *   init              vaInitialize fails          nocodec   H.264 and H.265 are not offered
 *   config, context   vaCreateConfig, vaCreateContext fail
 *   surfaces=N        vaCreateSurfaces fails past N surfaces in all
 *   begin=N, end=N    vaBeginPicture, vaEndPicture fail from picture N on
 *   once=N            vaEndPicture fails at picture N alone
 *   sync=N            vaSyncSurface fails from picture N on
 *   hang=N, hang=N:MS vaSyncSurface of picture N never returns, or after so many milliseconds
 *   hangfrom=N        vaSyncSurface never returns, from picture N on
 *   hangend=N[:MS]    the same in vaEndPicture;   hanginit[=0:MS]   in vaInitialize
 *   noderive          vaDeriveImage is lacking    noimage   vaGetImage as well
 *   grey              grey pictures, no decoding, one memory for all surfaces: near no cost
 * VIGIE_TEST_VA_LATE, a folder: once it has a file named as the process's number, the words in it
 * hold instead, pictures counted from there (hang, hangend: of the first from N on that is waited
 * for, once); a file `all` is read when a display is initialised.
 *
 * Threads: the table of objects is under the lock; a context and its surfaces belong to one
 * stream, which one thread at a time uses. */
#include <libavcodec/avcodec.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <va/va.h>
#include <va/va_backend.h>

#include "tests/va/va_h264.h"

enum {
    OBJECTS = 1 << 16,
    GREYS = 8,
    SLICES = 512
};

enum kind {
    FREE,
    CONFIG,
    SURFACE,
    CONTEXT,
    BUFFER,
    IMAGE
};

struct surface {
    unsigned width, height, rows, pitch;
    uint8_t *memory;
    int borrowed; /* the common grey */
    long picture;
};

struct buffer {
    VABufferType type;
    size_t size; /* of one element */
    unsigned count;
    uint8_t *data;
    int borrowed; /* of a surface */
};

struct config {
    VAProfile profile;
};

struct context {
    AVCodecContext *decoder; /* NULL: grey */
    AVPacket *packet;
    AVFrame *out, *current;
    VASurfaceID target;
    struct va_h264 h264;
    VASliceParameterBufferH264 slice[SLICES];
    unsigned slices;
    uint8_t *unit;
    size_t unit_size, unit_room;
    uint8_t last[VA_H264_HEADERS_MAX]; /* headers as the decoder has them */
    size_t last_size;
};

struct object {
    enum kind kind;
    void *data;
};

struct grey {
    size_t size;
    uint8_t *memory;
};

struct driver {
    char faults[256];    /* constant */
    char late_path[256]; /* constant; "": none */
    char late[256];      /* constant once is_late, as is late_from */
    long late_from;
    atomic_int is_late;  /* set with release under the lock, read with acquire by any */
    atomic_int has_hung; /* by late words: by any */
    pthread_mutex_t lock;
    /* by the lock */
    struct object object[OBJECTS];
    unsigned hint;
    long pictures, surfaces;
    struct grey grey[GREYS];
};

VAStatus __vaDriverInit_1_17(VADriverContextP c);

static struct driver *driver_of(VADriverContextP c)
{
    return c->pDriverData;
}

/* ---- faults ---- */

/* The words after "NAME=" (or "" without), NULL: not asked for. */
static const char *fault(const struct driver *d, const char *name)
{
    const size_t size = strlen(name);
    const char *words =
        atomic_load_explicit(&d->is_late, memory_order_acquire) ? d->late : d->faults;
    for (const char *p = words; p; p = strchr(p, ',')) {
        p += *p == ',' ? 1 : 0;
        if (strncmp(p, name, size) == 0 && (p[size] == '=' || p[size] == ',' || p[size] == '\0'))
            return p[size] == '=' ? p + size + 1 : "";
    }
    return NULL;
}

/* A picture's number as the words count it. */
static long counted(const struct driver *d, long picture)
{
    return atomic_load_explicit(&d->is_late, memory_order_acquire) ? picture - d->late_from
                                                                   : picture;
}

static int fault_at(const struct driver *d, const char *name, long picture)
{
    const char *from = fault(d, name);
    return from && counted(d, picture) >= strtol(from, NULL, 10);
}

static void hang(struct driver *d, const char *name, long picture)
{
    const char *words = fault(d, name);
    char *rest = NULL;
    const long from = words ? strtol(words, &rest, 10) : 0;
    if (!words || counted(d, picture) < from)
        return;
    const int late = atomic_load_explicit(&d->is_late, memory_order_acquire);
    if (late ? atomic_exchange(&d->has_hung, 1) : counted(d, picture) != from)
        return;
    const long ms = *rest == ':' ? strtol(rest + 1, NULL, 10) : -1;
    const struct timespec some = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    const struct timespec day = {.tv_sec = 86400};
    do
        (void)nanosleep(ms < 0 ? &day : &some, NULL);
    while (ms < 0);
}

/* The first line of a file; 0: there is none. */
static int read_words(const char *path, char *words, int size)
{
    FILE *file = path[0] ? fopen(path, "re") : NULL;
    const int read = file && fgets(words, size, file);
    if (file)
        (void)fclose(file);
    words[read ? strcspn(words, "\n") : 0] = '\0';
    return read;
}

/* Under the lock: whether the late words are there by now. */
static void look_for_late(struct driver *d)
{
    if (!d->late_path[0] || atomic_load_explicit(&d->is_late, memory_order_relaxed))
        return;
    if (!read_words(d->late_path, d->late, sizeof d->late))
        return;
    d->late_from = d->pictures;
    atomic_store_explicit(&d->is_late, 1, memory_order_release);
}

static void begin_faults(struct driver *d)
{
    const char *words = getenv("VIGIE_TEST_VA"), *folder = getenv("VIGIE_TEST_VA_LATE");
    char path[256];
    (void)snprintf(d->faults, sizeof d->faults, "%s", words ? words : "");
    if (!folder)
        return;
    (void)snprintf(d->late_path, sizeof d->late_path, "%s/%ld", folder, (long)getpid());
    (void)snprintf(path, sizeof path, "%s/all", folder);
    (void)read_words(path, d->faults, sizeof d->faults);
}

/* ---- objects ---- */

static unsigned put(struct driver *d, enum kind kind, void *data)
{
    unsigned id = 0;
    (void)pthread_mutex_lock(&d->lock);
    for (unsigned i = 0; i < OBJECTS && !id; i++) {
        const unsigned at = (d->hint + i) % OBJECTS;
        if (at && d->object[at].kind == FREE)
            id = at;
    }
    if (id)
        d->object[id] = (struct object){kind, data};
    d->hint = id + 1;
    (void)pthread_mutex_unlock(&d->lock);
    if (!id)
        abort(); /* a test that leaks objects */
    return id;
}

static void *get(struct driver *d, enum kind kind, unsigned id)
{
    void *data = NULL;
    (void)pthread_mutex_lock(&d->lock);
    if (id < OBJECTS && d->object[id].kind == kind)
        data = d->object[id].data;
    (void)pthread_mutex_unlock(&d->lock);
    return data;
}

static void *drop(struct driver *d, enum kind kind, unsigned id)
{
    void *data = NULL;
    (void)pthread_mutex_lock(&d->lock);
    if (id < OBJECTS && d->object[id].kind == kind) {
        data = d->object[id].data;
        d->object[id] = (struct object){FREE, NULL};
    }
    (void)pthread_mutex_unlock(&d->lock);
    return data;
}

/* ---- configurations ---- */

static VAStatus query_profiles(VADriverContextP c, VAProfile *list, int *count)
{
    static const VAProfile profiles[] = {VAProfileH264ConstrainedBaseline, VAProfileH264Main,
                                         VAProfileH264High, VAProfileHEVCMain};
    *count = 0;
    if (fault(driver_of(c), "nocodec"))
        return VA_STATUS_SUCCESS;
    memcpy(list, profiles, sizeof profiles);
    *count = (int)(sizeof profiles / sizeof *profiles);
    return VA_STATUS_SUCCESS;
}

static VAStatus query_entrypoints(VADriverContextP c, VAProfile profile, VAEntrypoint *list,
                                  int *count)
{
    list[0] = VAEntrypointVLD;
    *count = 1;
    return VA_STATUS_SUCCESS;
}

static VAStatus get_attributes(VADriverContextP c, VAProfile profile, VAEntrypoint entry,
                               VAConfigAttrib *list, int count)
{
    for (int i = 0; i < count; i++) {
        list[i].value = VA_ATTRIB_NOT_SUPPORTED;
        if (list[i].type == VAConfigAttribRTFormat)
            list[i].value = VA_RT_FORMAT_YUV420;
        if (list[i].type == VAConfigAttribMaxPictureWidth ||
            list[i].type == VAConfigAttribMaxPictureHeight)
            list[i].value = 4096;
    }
    return VA_STATUS_SUCCESS;
}

static VAStatus create_config(VADriverContextP c, VAProfile profile, VAEntrypoint entry,
                              VAConfigAttrib *list, int count, VAConfigID *id)
{
    struct config *config = NULL;
    if (fault(driver_of(c), "config"))
        return VA_STATUS_ERROR_UNSUPPORTED_PROFILE;
    config = calloc(1, sizeof *config);
    if (!config)
        return VA_STATUS_ERROR_ALLOCATION_FAILED;
    config->profile = profile;
    *id = put(driver_of(c), CONFIG, config);
    return VA_STATUS_SUCCESS;
}

static VAStatus destroy_config(VADriverContextP c, VAConfigID id)
{
    free(drop(driver_of(c), CONFIG, id));
    return VA_STATUS_SUCCESS;
}

static VAStatus query_config(VADriverContextP c, VAConfigID id, VAProfile *profile,
                             VAEntrypoint *entry, VAConfigAttrib *list, int *count)
{
    const struct config *config = get(driver_of(c), CONFIG, id);
    if (!config)
        return VA_STATUS_ERROR_INVALID_CONFIG;
    *profile = config->profile;
    *entry = VAEntrypointVLD;
    list[0] = (VAConfigAttrib){VAConfigAttribRTFormat, VA_RT_FORMAT_YUV420};
    *count = 1;
    return VA_STATUS_SUCCESS;
}

/* ---- surfaces ---- */

static VAStatus destroy_surfaces(VADriverContextP c, VASurfaceID *list, int count)
{
    for (int i = 0; i < count; i++) {
        struct surface *surface = drop(driver_of(c), SURFACE, list[i]);
        if (surface && !surface->borrowed)
            free(surface->memory);
        free(surface);
    }
    return VA_STATUS_SUCCESS;
}

static uint8_t *grey_bytes(size_t size)
{
    uint8_t *memory = aligned_alloc(64, size);
    if (memory)
        memset(memory, 128, size);
    return memory;
}

/* The memory that all surfaces of this size share; NULL: too many sizes. */
static uint8_t *common_grey(struct driver *d, size_t size)
{
    uint8_t *memory = NULL;
    (void)pthread_mutex_lock(&d->lock);
    for (size_t i = 0; i < GREYS && !memory; i++) {
        if (!d->grey[i].memory)
            d->grey[i] = (struct grey){size, grey_bytes(size)};
        if (d->grey[i].size == size)
            memory = d->grey[i].memory;
    }
    (void)pthread_mutex_unlock(&d->lock);
    return memory;
}

static struct surface *make_surface(struct driver *d, unsigned width, unsigned height)
{
    struct surface *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->width = width;
    s->height = height;
    s->rows = (height + 15) / 16 * 16;
    s->pitch = (width + 63) / 64 * 64;
    const size_t size = (size_t)s->pitch * (s->rows + s->rows / 2);
    if (fault(d, "grey"))
        s->memory = common_grey(d, size);
    s->borrowed = s->memory != NULL;
    if (!s->memory)
        s->memory = grey_bytes(size);
    if (!s->memory) {
        free(s);
        return NULL;
    }
    return s;
}

/* Counts surfaces in; whether there may be so many. */
static int may_make(struct driver *d, unsigned count)
{
    const char *most = fault(d, "surfaces");
    (void)pthread_mutex_lock(&d->lock);
    d->surfaces += (long)count;
    const int may = !most || d->surfaces <= strtol(most, NULL, 10);
    (void)pthread_mutex_unlock(&d->lock);
    return may;
}

static VAStatus create_surfaces2(VADriverContextP c, unsigned format, unsigned width,
                                 unsigned height, VASurfaceID *list, unsigned count,
                                 VASurfaceAttrib *attributes, unsigned attribute_count)
{
    struct driver *d = driver_of(c);
    if (format != VA_RT_FORMAT_YUV420)
        return VA_STATUS_ERROR_UNSUPPORTED_RT_FORMAT;
    if (!may_make(d, count))
        return VA_STATUS_ERROR_ALLOCATION_FAILED;
    for (unsigned i = 0; i < count; i++) {
        struct surface *surface = make_surface(d, width, height);
        if (!surface) {
            (void)destroy_surfaces(c, list, (int)i);
            return VA_STATUS_ERROR_ALLOCATION_FAILED;
        }
        list[i] = put(d, SURFACE, surface);
    }
    return VA_STATUS_SUCCESS;
}

static VAStatus create_surfaces(VADriverContextP c, int width, int height, int format, int count,
                                VASurfaceID *list)
{
    return create_surfaces2(c, (unsigned)format, (unsigned)width, (unsigned)height, list,
                            (unsigned)count, NULL, 0);
}

static VASurfaceAttrib attribute(VASurfaceAttribType type, unsigned flags, int value)
{
    return (VASurfaceAttrib){.type = type,
                             .flags = VA_SURFACE_ATTRIB_GETTABLE | flags,
                             .value = {.type = VAGenericValueTypeInteger, .value = {.i = value}}};
}

static VAStatus query_surface(VADriverContextP c, VAConfigID id, VASurfaceAttrib *list,
                              unsigned *count)
{
    const VASurfaceAttrib all[] = {
        attribute(VASurfaceAttribPixelFormat, VA_SURFACE_ATTRIB_SETTABLE, VA_FOURCC_NV12),
        attribute(VASurfaceAttribMinWidth, 0, 16),
        attribute(VASurfaceAttribMinHeight, 0, 16),
        attribute(VASurfaceAttribMaxWidth, 0, 4096),
        attribute(VASurfaceAttribMaxHeight, 0, 4096),
        attribute(VASurfaceAttribMemoryType, VA_SURFACE_ATTRIB_SETTABLE,
                  VA_SURFACE_ATTRIB_MEM_TYPE_VA),
    };
    const unsigned room = list ? *count : 0;
    *count = (unsigned)(sizeof all / sizeof *all);
    if (!list)
        return VA_STATUS_SUCCESS;
    if (room < *count)
        return VA_STATUS_ERROR_MAX_NUM_EXCEEDED;
    memcpy(list, all, sizeof all);
    return VA_STATUS_SUCCESS;
}

/* ---- contexts ---- */

/* The frame into which the decoder works is seen here at once, not when it is given out. */
static int on_buffer(AVCodecContext *decoder, AVFrame *frame, int flags)
{
    struct context *x = decoder->opaque;
    const int error = avcodec_default_get_buffer2(decoder, frame, flags);
    if (error < 0)
        return error;
    av_frame_unref(x->current);
    return av_frame_ref(x->current, frame);
}

static void free_context(struct context *x)
{
    if (!x)
        return;
    av_frame_free(&x->current);
    av_frame_free(&x->out);
    av_packet_free(&x->packet);
    avcodec_free_context(&x->decoder);
    free(x->unit);
    free(x);
}

static VAStatus destroy_context(VADriverContextP c, VAContextID id)
{
    free_context(drop(driver_of(c), CONTEXT, id));
    return VA_STATUS_SUCCESS;
}

static int open_decoder(struct context *x)
{
    const AVCodec *codec = avcodec_find_decoder(AV_CODEC_ID_H264);
    x->current = av_frame_alloc();
    x->out = av_frame_alloc();
    x->packet = av_packet_alloc();
    x->decoder = avcodec_alloc_context3(codec);
    if (!x->current || !x->out || !x->packet || !x->decoder)
        return -1;
    x->decoder->thread_count = 1;
    x->decoder->opaque = x;
    x->decoder->get_buffer2 = on_buffer;
    x->decoder->flags |= AV_CODEC_FLAG_LOW_DELAY | AV_CODEC_FLAG_OUTPUT_CORRUPT;
    return avcodec_open2(x->decoder, codec, NULL);
}

static VAStatus create_context(VADriverContextP c, VAConfigID id, int width, int height, int flag,
                               VASurfaceID *targets, int count, VAContextID *made)
{
    struct driver *d = driver_of(c);
    const struct config *config = get(d, CONFIG, id);
    if (!config)
        return VA_STATUS_ERROR_INVALID_CONFIG;
    if (fault(d, "context"))
        return VA_STATUS_ERROR_ALLOCATION_FAILED;
    struct context *x = calloc(1, sizeof *x);
    if (!x)
        return VA_STATUS_ERROR_ALLOCATION_FAILED;
    if (config->profile != VAProfileHEVCMain && !fault(d, "grey") && open_decoder(x) < 0) {
        free_context(x);
        return VA_STATUS_ERROR_OPERATION_FAILED;
    }
    *made = put(d, CONTEXT, x);
    return VA_STATUS_SUCCESS;
}

/* ---- a picture ---- */

static VAStatus begin_picture(VADriverContextP c, VAContextID id, VASurfaceID target)
{
    struct driver *d = driver_of(c);
    struct context *x = get(d, CONTEXT, id);
    if (!x)
        return VA_STATUS_ERROR_INVALID_CONTEXT;
    if (!get(d, SURFACE, target))
        return VA_STATUS_ERROR_INVALID_SURFACE;
    (void)pthread_mutex_lock(&d->lock);
    look_for_late(d);
    const long picture = d->pictures;
    (void)pthread_mutex_unlock(&d->lock);
    if (fault_at(d, "begin", picture))
        return VA_STATUS_ERROR_OPERATION_FAILED;
    x->target = target;
    x->unit_size = 0;
    x->slices = 0;
    x->h264.has_picture = x->h264.has_matrix = 0;
    return VA_STATUS_SUCCESS;
}

static int append(struct context *x, const void *bytes, size_t size)
{
    if (x->unit_size + size > x->unit_room) {
        const size_t room = (x->unit_size + size) * 2;
        uint8_t *unit = realloc(x->unit, room);
        if (!unit)
            return -1;
        x->unit = unit;
        x->unit_room = room;
    }
    memcpy(x->unit + x->unit_size, bytes, size);
    x->unit_size += size;
    return 0;
}

static int take_slices(struct context *x, const struct buffer *data)
{
    static const uint8_t start_code[3] = {0, 0, 1};
    int error = 0;
    for (unsigned i = 0; i < x->slices && !error; i++) {
        const VASliceParameterBufferH264 *slice = &x->slice[i];
        const uint8_t *nal = data->data + slice->slice_data_offset;
        va_h264_slice(&x->h264, slice, nal, slice->slice_data_size);
        error = append(x, start_code, sizeof start_code) || append(x, nal, slice->slice_data_size);
    }
    x->slices = 0;
    return error;
}

static int take_buffer(struct context *x, const struct buffer *buffer)
{
    switch ((int)buffer->type) {
    case VAPictureParameterBufferType:
        memcpy(&x->h264.picture, buffer->data, sizeof x->h264.picture);
        x->h264.has_picture = 1;
        return 0;
    case VAIQMatrixBufferType:
        memcpy(&x->h264.matrix, buffer->data, sizeof x->h264.matrix);
        x->h264.has_matrix = 1;
        return 0;
    case VASliceParameterBufferType:
        for (unsigned i = 0; i < buffer->count && x->slices < SLICES; i++)
            memcpy(&x->slice[x->slices++], buffer->data + i * buffer->size, sizeof x->slice[0]);
        return 0;
    case VASliceDataBufferType:
        return take_slices(x, buffer);
    default:
        return 0;
    }
}

static VAStatus render_picture(VADriverContextP c, VAContextID id, VABufferID *list, int count)
{
    struct context *x = get(driver_of(c), CONTEXT, id);
    if (!x)
        return VA_STATUS_ERROR_INVALID_CONTEXT;
    for (int i = 0; i < count; i++) {
        const struct buffer *buffer = get(driver_of(c), BUFFER, list[i]);
        if (!buffer)
            return VA_STATUS_ERROR_INVALID_BUFFER;
        if (x->decoder && take_buffer(x, buffer))
            return VA_STATUS_ERROR_ALLOCATION_FAILED;
    }
    return VA_STATUS_SUCCESS;
}

static unsigned least(unsigned a, int b)
{
    return b > 0 && (unsigned)b < a ? (unsigned)b : a;
}

static void copy_out(const AVFrame *frame, const struct surface *s)
{
    const unsigned width = least(s->width, frame->width), rows = least(s->height, frame->height);
    uint8_t *chroma = s->memory + (size_t)s->pitch * s->rows;
    for (unsigned y = 0; y < rows; y++)
        memcpy(s->memory + (size_t)y * s->pitch, frame->data[0] + (ptrdiff_t)y * frame->linesize[0],
               width);
    for (unsigned y = 0; y < rows / 2; y++) {
        const uint8_t *u = frame->data[1] + (ptrdiff_t)y * frame->linesize[1];
        const uint8_t *v = frame->data[2] + (ptrdiff_t)y * frame->linesize[2];
        uint8_t *to = chroma + (size_t)y * s->pitch;
        for (unsigned x = 0; x < width / 2; x++) {
            to[2 * (size_t)x] = u[x];
            to[2 * (size_t)x + 1] = v[x];
        }
    }
}

/* The unit with its parameter sets before it, where they differ from the last ones. */
static int fill_packet(struct context *x)
{
    uint8_t headers[VA_H264_HEADERS_MAX];
    size_t size = va_h264_headers(&x->h264, headers);
    if (size == x->last_size && memcmp(headers, x->last, size) == 0) {
        size = 0;
    } else {
        memcpy(x->last, headers, size);
        x->last_size = size;
    }
    av_packet_unref(x->packet);
    if (av_new_packet(x->packet, (int)(size + x->unit_size)) < 0)
        return -1;
    memcpy(x->packet->data, headers, size);
    memcpy(x->packet->data + size, x->unit, x->unit_size);
    return 0;
}

static VAStatus decode(struct context *x, const struct surface *s)
{
    if (!x->h264.has_picture || x->unit_size == 0)
        return VA_STATUS_ERROR_INVALID_PARAMETER;
    if (fill_packet(x) < 0 || avcodec_send_packet(x->decoder, x->packet) < 0)
        return VA_STATUS_ERROR_DECODING_ERROR;
    while (avcodec_receive_frame(x->decoder, x->out) >= 0)
        av_frame_unref(x->out);
    if (x->current->data[0])
        copy_out(x->current, s);
    return VA_STATUS_SUCCESS;
}

static VAStatus end_picture(VADriverContextP c, VAContextID id)
{
    struct driver *d = driver_of(c);
    struct context *x = get(d, CONTEXT, id);
    struct surface *s = x ? get(d, SURFACE, x->target) : NULL;
    if (!x || !s)
        return VA_STATUS_ERROR_INVALID_CONTEXT;
    (void)pthread_mutex_lock(&d->lock);
    const long picture = d->pictures++;
    (void)pthread_mutex_unlock(&d->lock);
    const char *once = fault(d, "once");
    hang(d, "hangend", picture);
    if (fault_at(d, "end", picture) || (once && strtol(once, NULL, 10) == counted(d, picture)))
        return VA_STATUS_ERROR_DECODING_ERROR;
    s->picture = picture;
    return x->decoder ? decode(x, s) : VA_STATUS_SUCCESS;
}

static VAStatus sync_surface(VADriverContextP c, VASurfaceID id)
{
    struct driver *d = driver_of(c);
    const struct surface *s = get(d, SURFACE, id);
    if (!s)
        return VA_STATUS_ERROR_INVALID_SURFACE;
    hang(d, "hang", s->picture);
    while (fault_at(d, "hangfrom", s->picture))
        (void)nanosleep(&(const struct timespec){.tv_sec = 86400}, NULL);
    return fault_at(d, "sync", s->picture) ? VA_STATUS_ERROR_DECODING_ERROR : VA_STATUS_SUCCESS;
}

static VAStatus sync_surface2(VADriverContextP c, VASurfaceID id, uint64_t timeout_ns)
{
    return sync_surface(c, id);
}

static VAStatus query_status(VADriverContextP c, VASurfaceID id, VASurfaceStatus *status)
{
    *status = VASurfaceReady;
    return VA_STATUS_SUCCESS;
}

/* ---- buffers ---- */

static VAStatus create_buffer(VADriverContextP c, VAContextID context, VABufferType type,
                              unsigned size, unsigned count, void *data, VABufferID *id)
{
    /* the picture's structures are copied whole, whatever size was asked for */
    const size_t slack = 8192;
    struct buffer *b = calloc(1, sizeof *b);
    if (!b)
        return VA_STATUS_ERROR_ALLOCATION_FAILED;
    *b = (struct buffer){.type = type, .size = size, .count = count};
    b->data = calloc(1, (size_t)size * count + slack);
    if (!b->data) {
        free(b);
        return VA_STATUS_ERROR_ALLOCATION_FAILED;
    }
    if (data)
        memcpy(b->data, data, (size_t)size * count);
    *id = put(driver_of(c), BUFFER, b);
    return VA_STATUS_SUCCESS;
}

static VAStatus set_elements(VADriverContextP c, VABufferID id, unsigned count)
{
    return VA_STATUS_SUCCESS;
}

static VAStatus map_buffer(VADriverContextP c, VABufferID id, void **data)
{
    const struct buffer *buffer = get(driver_of(c), BUFFER, id);
    if (!buffer)
        return VA_STATUS_ERROR_INVALID_BUFFER;
    *data = buffer->data;
    return VA_STATUS_SUCCESS;
}

static VAStatus unmap_buffer(VADriverContextP c, VABufferID id)
{
    return VA_STATUS_SUCCESS;
}

static VAStatus destroy_buffer(VADriverContextP c, VABufferID id)
{
    struct buffer *buffer = drop(driver_of(c), BUFFER, id);
    if (buffer && !buffer->borrowed)
        free(buffer->data);
    free(buffer);
    return VA_STATUS_SUCCESS;
}

/* ---- images: NV12 alone ---- */

static const VAImageFormat nv12 = {
    .fourcc = VA_FOURCC_NV12, .byte_order = VA_LSB_FIRST, .bits_per_pixel = 12};

static VAStatus query_formats(VADriverContextP c, VAImageFormat *list, int *count)
{
    list[0] = nv12;
    *count = 1;
    return VA_STATUS_SUCCESS;
}

static VAImage image_of(unsigned width, unsigned height, unsigned pitch, unsigned rows)
{
    return (VAImage){.format = nv12,
                     .width = (uint16_t)width,
                     .height = (uint16_t)height,
                     .num_planes = 2,
                     .pitches = {pitch, pitch},
                     .offsets = {0, pitch * rows},
                     .data_size = pitch * rows * 3 / 2};
}

static VAStatus enter_image(struct driver *d, VAImage *image)
{
    VAImage *copy = calloc(1, sizeof *copy);
    if (!copy)
        return VA_STATUS_ERROR_ALLOCATION_FAILED;
    image->image_id = put(d, IMAGE, copy);
    *copy = *image;
    return VA_STATUS_SUCCESS;
}

static VAStatus create_image(VADriverContextP c, VAImageFormat *format, int width, int height,
                             VAImage *image)
{
    if (format->fourcc != VA_FOURCC_NV12)
        return VA_STATUS_ERROR_INVALID_IMAGE_FORMAT;
    const unsigned w = (unsigned)width, h = (unsigned)height;
    *image = image_of(w, h, (w + 63) / 64 * 64, (h + 15) / 16 * 16);
    const VAStatus status =
        create_buffer(c, 0, VAImageBufferType, image->data_size, 1, NULL, &image->buf);
    return status == VA_STATUS_SUCCESS ? enter_image(driver_of(c), image) : status;
}

static VAStatus derive_image(VADriverContextP c, VASurfaceID id, VAImage *image)
{
    struct driver *d = driver_of(c);
    const struct surface *s = get(d, SURFACE, id);
    if (fault(d, "noderive") || fault(d, "noimage"))
        return VA_STATUS_ERROR_OPERATION_FAILED;
    if (!s)
        return VA_STATUS_ERROR_INVALID_SURFACE;
    struct buffer *b = calloc(1, sizeof *b);
    if (!b)
        return VA_STATUS_ERROR_ALLOCATION_FAILED;
    *b = (struct buffer){.type = VAImageBufferType, .data = s->memory, .borrowed = 1};
    *image = image_of(s->width, s->height, s->pitch, s->rows);
    image->buf = put(d, BUFFER, b);
    return enter_image(d, image);
}

static VAStatus destroy_image(VADriverContextP c, VAImageID id)
{
    VAImage *image = drop(driver_of(c), IMAGE, id);
    if (!image)
        return VA_STATUS_ERROR_INVALID_IMAGE;
    (void)destroy_buffer(c, image->buf);
    free(image);
    return VA_STATUS_SUCCESS;
}

static VAStatus get_image(VADriverContextP c, VASurfaceID id, int x, int y, unsigned width,
                          unsigned height, VAImageID image_id)
{
    struct driver *d = driver_of(c);
    const struct surface *s = get(d, SURFACE, id);
    const VAImage *image = get(d, IMAGE, image_id);
    const struct buffer *b = image ? get(d, BUFFER, image->buf) : NULL;
    if (fault(d, "noimage"))
        return VA_STATUS_ERROR_OPERATION_FAILED;
    if (!s || !b || x || y || width > s->width || height > s->height || width > image->width ||
        height > image->height)
        return VA_STATUS_ERROR_INVALID_PARAMETER;
    for (unsigned r = 0; r < height; r++)
        memcpy(b->data + (size_t)r * image->pitches[0], s->memory + (size_t)r * s->pitch, width);
    for (unsigned r = 0; r < height / 2; r++)
        memcpy(b->data + image->offsets[1] + (size_t)r * image->pitches[1],
               s->memory + (size_t)s->pitch * (s->rows + r), width);
    return VA_STATUS_SUCCESS;
}

/* ---- what libva wants to be there ---- */

static VAStatus put_image(VADriverContextP c, VASurfaceID s, VAImageID i, int x, int y, unsigned w,
                          unsigned h, int dx, int dy, unsigned dw, unsigned dh)
{
    return VA_STATUS_ERROR_UNIMPLEMENTED;
}

static VAStatus put_surface(VADriverContextP c, VASurfaceID s, void *draw, short x, short y,
                            unsigned short w, unsigned short h, short dx, short dy,
                            unsigned short dw, unsigned short dh, VARectangle *clip, unsigned n,
                            unsigned flags)
{
    return VA_STATUS_ERROR_UNIMPLEMENTED;
}

static VAStatus set_palette(VADriverContextP c, VAImageID i, unsigned char *palette)
{
    return VA_STATUS_ERROR_UNIMPLEMENTED;
}

static VAStatus query_subpictures(VADriverContextP c, VAImageFormat *list, unsigned *flags,
                                  unsigned *count)
{
    *count = 0;
    return VA_STATUS_SUCCESS;
}

static VAStatus create_subpicture(VADriverContextP c, VAImageID i, VASubpictureID *s)
{
    return VA_STATUS_ERROR_UNIMPLEMENTED;
}

static VAStatus destroy_subpicture(VADriverContextP c, VASubpictureID s)
{
    return VA_STATUS_ERROR_UNIMPLEMENTED;
}

static VAStatus set_subpicture_image(VADriverContextP c, VASubpictureID s, VAImageID i)
{
    return VA_STATUS_ERROR_UNIMPLEMENTED;
}

static VAStatus set_chromakey(VADriverContextP c, VASubpictureID s, unsigned min, unsigned max,
                              unsigned mask)
{
    return VA_STATUS_ERROR_UNIMPLEMENTED;
}

static VAStatus set_alpha(VADriverContextP c, VASubpictureID s, float alpha)
{
    return VA_STATUS_ERROR_UNIMPLEMENTED;
}

static VAStatus associate(VADriverContextP c, VASubpictureID s, VASurfaceID *list, int n, short x,
                          short y, unsigned short w, unsigned short h, short dx, short dy,
                          unsigned short dw, unsigned short dh, unsigned flags)
{
    return VA_STATUS_ERROR_UNIMPLEMENTED;
}

static VAStatus deassociate(VADriverContextP c, VASubpictureID s, VASurfaceID *list, int n)
{
    return VA_STATUS_ERROR_UNIMPLEMENTED;
}

static VAStatus query_display(VADriverContextP c, VADisplayAttribute *list, int *count)
{
    *count = 0;
    return VA_STATUS_SUCCESS;
}

static VAStatus display_attributes(VADriverContextP c, VADisplayAttribute *list, int count)
{
    return VA_STATUS_SUCCESS;
}

/* ---- life ---- */

static VAStatus terminate(VADriverContextP c)
{
    struct driver *d = driver_of(c);
    for (unsigned i = 1; i < OBJECTS; i++) {
        if (d->object[i].kind == SURFACE)
            (void)destroy_surfaces(c, &i, 1);
        else if (d->object[i].kind == CONTEXT)
            (void)destroy_context(c, i);
        else if (d->object[i].kind == IMAGE)
            (void)destroy_image(c, i);
        else if (d->object[i].kind == BUFFER)
            (void)destroy_buffer(c, i);
        else if (d->object[i].kind == CONFIG)
            (void)destroy_config(c, i);
    }
    for (size_t i = 0; i < GREYS; i++)
        free(d->grey[i].memory);
    (void)pthread_mutex_destroy(&d->lock);
    free(d);
    c->pDriverData = NULL;
    return VA_STATUS_SUCCESS;
}

static void fill_table(struct VADriverVTable *v)
{
    v->vaTerminate = terminate;
    v->vaQueryConfigProfiles = query_profiles;
    v->vaQueryConfigEntrypoints = query_entrypoints;
    v->vaGetConfigAttributes = get_attributes;
    v->vaCreateConfig = create_config;
    v->vaDestroyConfig = destroy_config;
    v->vaQueryConfigAttributes = query_config;
    v->vaCreateSurfaces = create_surfaces;
    v->vaCreateSurfaces2 = create_surfaces2;
    v->vaDestroySurfaces = destroy_surfaces;
    v->vaQuerySurfaceAttributes = query_surface;
    v->vaCreateContext = create_context;
    v->vaDestroyContext = destroy_context;
    v->vaCreateBuffer = create_buffer;
    v->vaBufferSetNumElements = set_elements;
    v->vaMapBuffer = map_buffer;
    v->vaUnmapBuffer = unmap_buffer;
    v->vaDestroyBuffer = destroy_buffer;
    v->vaBeginPicture = begin_picture;
    v->vaRenderPicture = render_picture;
    v->vaEndPicture = end_picture;
    v->vaSyncSurface = sync_surface;
    v->vaSyncSurface2 = sync_surface2;
    v->vaQuerySurfaceStatus = query_status;
    v->vaPutSurface = put_surface;
    v->vaQueryImageFormats = query_formats;
    v->vaCreateImage = create_image;
    v->vaDeriveImage = derive_image;
    v->vaDestroyImage = destroy_image;
    v->vaSetImagePalette = set_palette;
    v->vaGetImage = get_image;
    v->vaPutImage = put_image;
    v->vaQuerySubpictureFormats = query_subpictures;
    v->vaCreateSubpicture = create_subpicture;
    v->vaDestroySubpicture = destroy_subpicture;
    v->vaSetSubpictureImage = set_subpicture_image;
    v->vaSetSubpictureChromakey = set_chromakey;
    v->vaSetSubpictureGlobalAlpha = set_alpha;
    v->vaAssociateSubpicture = associate;
    v->vaDeassociateSubpicture = deassociate;
    v->vaQueryDisplayAttributes = query_display;
    v->vaGetDisplayAttributes = display_attributes;
    v->vaSetDisplayAttributes = display_attributes;
}

VAStatus __vaDriverInit_1_17(VADriverContextP c)
{
    struct driver *d = calloc(1, sizeof *d);
    if (!d)
        return VA_STATUS_ERROR_ALLOCATION_FAILED;
    begin_faults(d);
    hang(d, "hanginit", 0);
    if (fault(d, "init")) {
        free(d);
        return VA_STATUS_ERROR_OPERATION_FAILED;
    }
    (void)pthread_mutex_init(&d->lock, NULL);
    c->pDriverData = d;
    c->version_major = 1;
    c->version_minor = 17;
    c->max_profiles = 8;
    c->max_entrypoints = 2;
    c->max_attributes = 8;
    c->max_image_formats = 2;
    c->max_subpic_formats = 1;
    c->max_display_attributes = 1;
    c->str_vendor = "software behind VA-API, for tests";
    fill_table(c->vtable);
    return VA_STATUS_SUCCESS;
}
