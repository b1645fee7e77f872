#include "src/engine/tune_file.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/base/file.h"
#include "src/base/folders.h"
#include "src/base/log.h"
#include "src/base/sha256.h"
#include "src/base/text.h"

#define HEAD        "vigie-tune 1"
#define WORD_SET    "abcdefghijklmnopqrstuvwxyz0123456789_"
#define NS_MAX      UINT64_C(1000000000000)
#define DIGEST_LINE (7 + 2 * VG_SHA256_BYTES + 1) /* "sha256 ", digits, end of line */

/* ---- needs ---- */

enum {
    NUMBERS = 12
};

/* In the order in which they stand in the text, and in which rows are sorted. */
static void numbers_of(const struct vg_tune_need *need, uint32_t number[NUMBERS])
{
    const uint32_t all[NUMBERS] = {need->size_y,   need->size_x,      need->stride_y,
                                   need->stride_x, need->dilation_y,  need->dilation_x,
                                   need->groups,   need->channels_in, need->channels_out,
                                   need->width,    need->height,      need->batch};
    memcpy(number, all, sizeof all);
}

static int need_order(const struct vg_tune_need *a, const struct vg_tune_need *b)
{
    uint32_t left[NUMBERS], right[NUMBERS];
    int order = strcmp(a->op, b->op);
    if (!order)
        order = strcmp(a->element, b->element);
    numbers_of(a, left);
    numbers_of(b, right);
    for (int i = 0; i < NUMBERS && !order; i++)
        order = (left[i] > right[i]) - (left[i] < right[i]);
    return order;
}

static int is_word(const char *word)
{
    const size_t size = strnlen(word, VG_TUNE_WORD_SIZE);
    return size && size < VG_TUNE_WORD_SIZE && strspn(word, WORD_SET) == size;
}

static int is_variant(const char *name)
{
    const size_t size = strnlen(name, VG_TUNE_VARIANT_SIZE);
    if (!size || size == VG_TUNE_VARIANT_SIZE || name[0] == ' ' || name[size - 1] == ' ')
        return 0;
    for (size_t i = 0; i < size; i++)
        if (name[i] < ' ' || name[i] > '~' || (name[i] == ' ' && name[i + 1] == ' '))
            return 0;
    return 1;
}

static int is_need(const struct vg_tune_need *need)
{
    uint32_t number[NUMBERS];
    if (!is_word(need->op) || !is_word(need->element))
        return 0;
    numbers_of(need, number);
    for (int i = 0; i < NUMBERS; i++)
        if (number[i] < 1 || number[i] > VG_TUNE_NUMBER_MAX)
            return 0;
    return 1;
}

void vg_tune_need_text(const struct vg_tune_need *need, char text[VG_TUNE_LINE_SIZE])
{
    (void)snprintf(text, VG_TUNE_LINE_SIZE, "%.15s:%ux%u:%ux%u:%ux%u:g%u:%u-%u:%ux%u:b%u:%.15s",
                   need->op, need->size_y, need->size_x, need->stride_y, need->stride_x,
                   need->dilation_y, need->dilation_x, need->groups, need->channels_in,
                   need->channels_out, need->width, need->height, need->batch, need->element);
}

/* ---- rows ---- */

static void name_copy(char to[VG_TUNE_DEVICE_SIZE], const char *name)
{
    (void)snprintf(to, VG_TUNE_DEVICE_SIZE, "%s", name);
    for (; *to; to++)
        if ((unsigned char)*to < ' ' || *to == 0x7f)
            *to = '?';
}

void vg_tune_init(struct vg_tune *tune, const char *device, const char *driver)
{
    memset(tune, 0, sizeof *tune);
    name_copy(tune->device, device);
    name_copy(tune->driver, driver);
}

void vg_tune_release(struct vg_tune *tune)
{
    vg_free(tune->row);
    tune->row = NULL;
    tune->count = tune->room = 0;
}

/* The first row that does not stand before `need`. */
static uint32_t place_of(const struct vg_tune *tune, const struct vg_tune_need *need)
{
    uint32_t first = 0, end = tune->count;
    while (first < end) {
        const uint32_t middle = first + (end - first) / 2;
        if (need_order(&tune->row[middle].need, need) < 0)
            first = middle + 1;
        else
            end = middle;
    }
    return first;
}

const struct vg_tune_row *vg_tune_find(const struct vg_tune *tune, const struct vg_tune_need *need)
{
    const uint32_t at = place_of(tune, need);
    return at < tune->count && !need_order(&tune->row[at].need, need) ? &tune->row[at] : NULL;
}

/* as need_order, whatever the batch */
static int same_but_batch(const struct vg_tune_need *a, const struct vg_tune_need *b)
{
    struct vg_tune_need other = *b;
    other.batch = a->batch;
    return !need_order(a, &other);
}

static uint32_t batches_apart(uint32_t a, uint32_t b)
{
    return a > b ? a - b : b - a;
}

const struct vg_tune_row *vg_tune_nearest(const struct vg_tune *tune,
                                          const struct vg_tune_need *need)
{
    const uint32_t at = place_of(tune, need); /* the batch is what rows are sorted by last */
    const struct vg_tune_row *nearest = NULL;
    for (uint32_t i = at ? at - 1 : 0; i <= at && i < tune->count; i++) {
        const struct vg_tune_row *row = &tune->row[i];
        if (same_but_batch(&row->need, need) &&
            (!nearest || batches_apart(row->need.batch, need->batch) <=
                             batches_apart(nearest->need.batch, need->batch)))
            nearest = row;
    }
    return nearest;
}

static enum vg_status room_make(struct vg_tune *tune)
{
    if (tune->count < tune->room)
        return VG_OK;
    if (tune->count == VG_TUNE_ROWS_MAX)
        return VG_E_FULL;
    const uint32_t room = tune->room ? 2 * tune->room : 64;
    struct vg_tune_row *row = vg_alloc_array(room, sizeof *row);
    if (!row)
        return VG_E_MEMORY;
    if (tune->count)
        memcpy(row, tune->row, tune->count * sizeof *row);
    vg_free(tune->row);
    tune->row = row;
    tune->room = room;
    return VG_OK;
}

enum vg_status vg_tune_set(struct vg_tune *tune, const struct vg_tune_need *need,
                           const char *variant, uint64_t ns)
{
    if (!is_need(need) || !is_variant(variant) || ns > NS_MAX)
        return VG_E_CALL;
    const uint32_t at = place_of(tune, need);
    if (at == tune->count || need_order(&tune->row[at].need, need)) {
        const enum vg_status status = room_make(tune);
        if (status)
            return status;
        memmove(&tune->row[at + 1], &tune->row[at], (tune->count - at) * sizeof *tune->row);
        tune->count++;
    }
    struct vg_tune_row *row = &tune->row[at];
    memset(row, 0, sizeof *row);
    row->need = *need;
    row->ns = ns;
    (void)snprintf(row->variant, sizeof row->variant, "%s", variant);
    return VG_OK;
}

/* ---- writing ---- */

enum vg_status vg_tune_pack(const struct vg_tune *tune, uint8_t **data, size_t *size)
{
    const size_t room =
        sizeof HEAD + 2 * (VG_TUNE_DEVICE_SIZE + 8) + tune->count * (size_t)VG_TUNE_LINE_SIZE + 128;
    char digits[VG_SHA256_TEXT], *text = vg_alloc(room);
    uint8_t digest[VG_SHA256_BYTES];
    *data = NULL;
    *size = 0;
    if (!text)
        return VG_E_MEMORY;
    size_t at = (size_t)snprintf(text, room, "%s\ndevice %s\ndriver %s\n", HEAD, tune->device,
                                 tune->driver);
    for (uint32_t i = 0; i < tune->count; i++) {
        const struct vg_tune_row *row = &tune->row[i];
        char need[VG_TUNE_LINE_SIZE];
        vg_tune_need_text(&row->need, need);
        at += (size_t)snprintf(text + at, room - at, "%s %s %" PRIu64 ".%03u\n", need, row->variant,
                               row->ns / 1000, (unsigned)(row->ns % 1000));
    }
    vg_sha256(text, at, digest);
    vg_sha256_text(digest, digits);
    at += (size_t)snprintf(text + at, room - at, "sha256 %s\n", digits);
    *data = (uint8_t *)text;
    *size = at;
    return VG_OK;
}

/* ---- reading ---- */

struct reader {
    const char *name;
    const char *at, *end; /* of what is not read yet */
    uint32_t line;        /* of the text at `at`, from 1 */
    struct vg_fault *fault;
};

static enum vg_status refuse(const struct reader *reader, const char *what)
{
    return vg_fault_set(reader->fault, VG_E_INPUT, what, N_("run `vigie device tune` again"),
                        "%.400s:%u", reader->name, reader->line);
}

/* Takes the next line, without its end, into `line`. */
static enum vg_status line_take(struct reader *reader, char *line, size_t room)
{
    const size_t left = (size_t)(reader->end - reader->at);
    const char *stop = left ? memchr(reader->at, '\n', left) : NULL;
    const size_t size = stop ? (size_t)(stop - reader->at) : 0;
    if (!stop || size >= room || memchr(reader->at, 0, size))
        return refuse(reader, N_("not a line of a tuner's file"));
    memcpy(line, reader->at, size);
    line[size] = 0;
    reader->at = stop + 1;
    return VG_OK;
}

/* `*at` behind `text` if it begins so. */
static int text_take(const char **at, const char *text)
{
    const size_t size = strlen(text);
    if (strncmp(*at, text, size) != 0)
        return 0;
    *at += size;
    return 1;
}

/* Digits without a zero in front. */
static int number_take(const char **at, uint64_t most, uint64_t *number)
{
    const size_t digits = strspn(*at, "0123456789");
    uint64_t value = 0;
    if (!digits || digits > 15 || (digits > 1 && (*at)[0] == '0'))
        return 0;
    for (size_t i = 0; i < digits; i++)
        value = 10 * value + (uint64_t)((*at)[i] - '0');
    *at += digits;
    *number = value;
    return value <= most;
}

static int word_take(const char **at, char word[VG_TUNE_WORD_SIZE])
{
    const size_t size = strspn(*at, WORD_SET);
    if (!size || size >= VG_TUNE_WORD_SIZE)
        return 0;
    memcpy(word, *at, size);
    *at += size;
    return 1;
}

static int need_take(const char **at, struct vg_tune_need *need)
{
    const struct {
        const char *before;
        uint32_t *number;
    } parts[NUMBERS] = {
        {":", &need->size_y},   {"x", &need->size_x},      {":", &need->stride_y},
        {"x", &need->stride_x}, {":", &need->dilation_y},  {"x", &need->dilation_x},
        {":g", &need->groups},  {":", &need->channels_in}, {"-", &need->channels_out},
        {":", &need->width},    {"x", &need->height},      {":b", &need->batch},
    };
    if (!word_take(at, need->op))
        return 0;
    for (int i = 0; i < NUMBERS; i++) {
        uint64_t number = 0;
        if (!text_take(at, parts[i].before) || !number_take(at, VG_TUNE_NUMBER_MAX, &number))
            return 0;
        *parts[i].number = (uint32_t)number;
    }
    return text_take(at, ":") && word_take(at, need->element);
}

static int time_take(const char **at, uint64_t *ns)
{
    uint64_t us = 0, part = 0;
    if (!number_take(at, NS_MAX / 1000, &us) || !text_take(at, "."))
        return 0;
    if (strspn(*at, "0123456789") != 3)
        return 0;
    for (int i = 0; i < 3; i++)
        part = 10 * part + (uint64_t)(*(*at)++ - '0');
    *ns = 1000 * us + part;
    return *ns <= NS_MAX && !**at;
}

static enum vg_status row_parse(const struct reader *reader, const char *line,
                                struct vg_tune_row *row)
{
    const char *at = line, *blank = strrchr(line, ' ');
    memset(row, 0, sizeof *row);
    if (!need_take(&at, &row->need) || !text_take(&at, " ") || !is_need(&row->need))
        return refuse(reader, N_("not a need of a kernel"));
    if (blank < at || (size_t)(blank - at) >= sizeof row->variant)
        return refuse(reader, N_("not a line of a tuner's file"));
    memcpy(row->variant, at, (size_t)(blank - at));
    at = blank + 1;
    if (!is_variant(row->variant) || !time_take(&at, &row->ns))
        return refuse(reader, N_("not a line of a tuner's file"));
    return VG_OK;
}

static enum vg_status rows_parse(struct reader *reader, struct vg_tune *tune)
{
    while (reader->at < reader->end) {
        char line[VG_TUNE_LINE_SIZE];
        struct vg_tune_row row = {.ns = 0};
        reader->line++;
        enum vg_status status = line_take(reader, line, sizeof line);
        if (!status)
            status = row_parse(reader, line, &row);
        if (status)
            return status;
        if (tune->count && need_order(&tune->row[tune->count - 1].need, &row.need) >= 0)
            return refuse(reader, N_("the lines of a tuner's file are out of order"));
        status = room_make(tune);
        if (status)
            return vg_fault_set(reader->fault, status, vg_status_text(status), NULL, "%.400s:%u",
                                reader->name, reader->line);
        tune->row[tune->count++] = row;
    }
    return VG_OK;
}

/* The line `prefix NAME`. */
static enum vg_status name_parse(struct reader *reader, const char *prefix,
                                 char name[VG_TUNE_DEVICE_SIZE])
{
    char line[VG_TUNE_DEVICE_SIZE + 16];
    const char *at = line;
    reader->line++;
    const enum vg_status status = line_take(reader, line, sizeof line);
    if (status)
        return status;
    if (!text_take(&at, prefix) || strlen(at) >= VG_TUNE_DEVICE_SIZE)
        return refuse(reader, N_("not a line of a tuner's file"));
    for (const char *c = at; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            return refuse(reader, N_("not a line of a tuner's file"));
    name_copy(name, at);
    return VG_OK;
}

/* The last line against all before it, which the reader is left with. */
static enum vg_status digest_check(struct reader *reader)
{
    const size_t size = (size_t)(reader->end - reader->at);
    uint8_t digest[VG_SHA256_BYTES];
    char digits[VG_SHA256_TEXT];
    if (size >= DIGEST_LINE && reader->end[-1] == '\n') {
        const char *line = reader->end - DIGEST_LINE;
        vg_sha256(reader->at, size - DIGEST_LINE, digest);
        vg_sha256_text(digest, digits);
        reader->end = line;
        if (!memcmp(line, "sha256 ", 7) && !memcmp(line + 7, digits, sizeof digits - 1))
            return VG_OK;
    }
    return vg_fault_set(reader->fault, VG_E_INTEGRITY, N_("the tuner's file is damaged"),
                        N_("run `vigie device tune` again"), "%.400s", reader->name);
}

enum vg_status vg_tune_parse(const char *name, const uint8_t *data, size_t size,
                             struct vg_tune *tune, struct vg_fault *fault)
{
    const char *text = (const char *)data;
    struct reader reader = {name, text, text + size, 1, fault};
    char line[sizeof HEAD];
    vg_tune_init(tune, "", "");
    if (size > VG_TUNE_FILE_MAX)
        return vg_fault_set(fault, VG_E_FULL, N_("the file is too large"), NULL, "%.400s", name);
    /* first what it is, since another version may end otherwise */
    if (line_take(&reader, line, sizeof line) || strcmp(line, HEAD) != 0)
        return refuse(&reader, N_("not a tuner's file of this version"));
    reader.at = text;
    enum vg_status status = digest_check(&reader);
    if (!status)
        status = line_take(&reader, line, sizeof line);
    if (!status)
        status = name_parse(&reader, "device ", tune->device);
    if (!status)
        status = name_parse(&reader, "driver ", tune->driver);
    if (!status)
        status = rows_parse(&reader, tune);
    if (status) {
        vg_tune_release(tune);
        vg_tune_init(tune, "", "");
    }
    return status;
}

/* ---- where it lies ---- */

enum vg_status vg_tune_path(const char *device, const char *driver, char *path, size_t size)
{
    char both[2][VG_TUNE_DEVICE_SIZE] = {{0}}, digits[VG_SHA256_TEXT], folder[4096];
    uint8_t digest[VG_SHA256_BYTES];
    name_copy(both[0], device);
    name_copy(both[1], driver);
    vg_sha256(both, sizeof both, digest);
    vg_sha256_text(digest, digits);
    if (vg_folder_path(VG_FOLDER_CACHE, folder, sizeof folder))
        return VG_E_LACK;
    const int n = snprintf(path, size, "%s/tune/%s", folder, digits);
    return n < 0 || (size_t)n >= size ? VG_E_LACK : VG_OK;
}

enum vg_status vg_tune_read(const char *path, struct vg_tune *tune, struct vg_fault *fault)
{
    uint8_t *data = NULL;
    size_t size = 0;
    vg_tune_init(tune, "", "");
    enum vg_status status = vg_file_read(path, VG_TUNE_FILE_MAX, &data, &size, fault);
    if (!status)
        status = vg_tune_parse(path, data, size, tune, fault);
    vg_free(data);
    return status;
}

void vg_tune_open(const char *device, const char *driver, struct vg_tune *tune)
{
    char path[4096];
    struct vg_tune want, found;
    struct vg_fault fault = {.status = VG_OK};
    vg_tune_init(&want, device, driver);
    *tune = want;
    if (vg_tune_path(device, driver, path, sizeof path) || !vg_file_exists(path))
        return;
    enum vg_status status = vg_tune_read(path, &found, &fault);
    if (!status && (strcmp(found.device, want.device) || strcmp(found.driver, want.driver)))
        status = vg_fault_set(&fault, VG_E_INPUT, N_("the tuner's file is of another device"),
                              N_("run `vigie device tune` again"), "%.400s", path);
    if (!status) {
        *tune = found;
        return;
    }
    vg_tune_release(&found);
    vg_log(VG_LOG_WARN, "the device counts as not tuned: %s: %s", fault.what, fault.place);
    if (status == VG_E_INPUT || status == VG_E_INTEGRITY || status == VG_E_FULL)
        (void)unlink(path);
}

/* `path` without its last part. */
static enum vg_status folder_of(const char *path, struct vg_fault *fault)
{
    char folder[4096];
    (void)snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    if (!slash || slash == folder)
        return VG_OK;
    *slash = 0;
    return vg_folder_make(folder, fault);
}

enum vg_status vg_tune_save(const struct vg_tune *tune, const char *path, struct vg_fault *fault)
{
    char own[4096];
    uint8_t *data = NULL;
    size_t size = 0;
    enum vg_status status = VG_OK;
    if (!path) {
        status = vg_tune_path(tune->device, tune->driver, own, sizeof own);
        if (status)
            return vg_fault_set(fault, status, N_("there is no folder to keep things in"),
                                N_("set VIGIE_CACHE or HOME"), "%s", tune->device);
        status = folder_of(own, fault);
    }
    if (!status && vg_tune_pack(tune, &data, &size))
        status =
            vg_fault_set(fault, VG_E_MEMORY, vg_status_text(VG_E_MEMORY), NULL, "%s", tune->device);
    if (!status)
        status = vg_file_write(path ? path : own, data, size, 0600, VG_FILE_SYNCED, fault);
    vg_free(data);
    return status;
}
