#include "bench/drm_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Both kinds of counters of a region: "resident" replaced "memory", and some drivers say both. */
struct memory {
    bool resident_told, memory_told;
    uint64_t resident, memory;
};

static bool begins(const char *text, size_t size, const char *word)
{
    const size_t length = strlen(word);
    return size >= length && memcmp(text, word, length) == 0;
}

static uint64_t sum(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* "123", "123 KiB", "123 ns" */
static uint64_t number(const char *text)
{
    char *end;
    const unsigned long long n = strtoull(text, &end, 10);
    while (*end == ' ' || *end == '\t')
        end++;
    const int shift = strncmp(end, "KiB", 3) == 0 ? 10 : strncmp(end, "MiB", 3) == 0 ? 20 : 0;
    return n > UINT64_MAX >> shift ? UINT64_MAX : (uint64_t)n << shift;
}

/* By the drivers' names: i915, xe, amdgpu (where one engine also encodes, it is called "enc"). */
static bool decodes(const char *name, size_t size)
{
    static const char *const names[] = {"video", "vcs", "dec", "enc", "jpeg"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strlen(names[i]) == size && memcmp(names[i], name, size) == 0)
            return true;
    return false;
}

static struct vg_drm_decoder *decoder_of(struct vg_drm_client *client, const char *name,
                                         size_t size)
{
    if (!decodes(name, size))
        return NULL;
    for (uint32_t i = 0; i < client->decoders; i++)
        if (strlen(client->decoder[i].name) == size &&
            memcmp(client->decoder[i].name, name, size) == 0)
            return &client->decoder[i];
    if (client->decoders == VG_DRM_DECODERS_MAX)
        return NULL;
    struct vg_drm_decoder *d = &client->decoder[client->decoders++];
    *d = (struct vg_drm_decoder){.capacity = 1};
    memcpy(d->name, name, size);
    return d;
}

static bool take_engine(struct vg_drm_client *client, const char *key, size_t size, uint64_t value)
{
    static const struct {
        const char *word;
        enum {
            CAPACITY,
            NANOSECONDS,
            CYCLES,
            TOTAL
        } what;
    } rows[] = {{"engine-capacity-", CAPACITY},
                {"engine-", NANOSECONDS},
                {"cycles-", CYCLES},
                {"total-cycles-", TOTAL}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (!begins(key, size, rows[i].word))
            continue;
        const size_t before = strlen(rows[i].word);
        struct vg_drm_decoder *d = decoder_of(client, key + before, size - before);
        if (!d)
            return true;
        if (rows[i].what == CAPACITY)
            d->capacity = value > 0 && value < 1000 ? (uint32_t)value : 1;
        else if (rows[i].what == NANOSECONDS)
            d->busy_ns = value;
        else if (rows[i].what == CYCLES)
            d->cycles = value;
        else
            d->total_cycles = value;
        return true;
    }
    return false;
}

/* Regions of a board's own: "vram", "vram0", "local0"; all others are the machine's memory. */
static void take_memory(struct memory *memory, const char *key, size_t size, uint64_t value)
{
    static const char resident[] = "resident-", plain[] = "memory-";
    const bool newer = begins(key, size, resident);
    if (!newer && !begins(key, size, plain))
        return;
    const size_t before = newer ? sizeof resident - 1 : sizeof plain - 1;
    if (!begins(key + before, size - before, "vram") &&
        !begins(key + before, size - before, "local"))
        return;
    *(newer ? &memory->resident_told : &memory->memory_told) = true;
    uint64_t *bytes = newer ? &memory->resident : &memory->memory;
    *bytes = sum(*bytes, value);
}

/* key: without "drm-". */
static void take_line(struct vg_drm_client *client, struct memory *memory, const char *key,
                      size_t size, const char *value)
{
    if (size == 4 && memcmp(key, "pdev", size) == 0)
        (void)sscanf(value, "%23s", client->board);
    else if (size == 9 && memcmp(key, "client-id", size) == 0)
        client->id = number(value);
    else if (!take_engine(client, key, size, number(value)))
        take_memory(memory, key, size, number(value));
}

bool vg_drm_client_parse(const char *text, struct vg_drm_client *client)
{
    struct memory memory = {.resident = 0};
    bool is_client = false;
    *client = (struct vg_drm_client){.id = 0};
    for (const char *line = text; *line;) {
        const size_t length = strcspn(line, "\n"), key = strcspn(line, ":\n");
        char value[64];
        if (key < length && begins(line, key, "drm-")) {
            is_client = true;
            const char *at = line + key + 1 + strspn(line + key + 1, " \t");
            const size_t left = at < line + length ? (size_t)(line + length - at) : 0;
            (void)snprintf(value, sizeof value, "%.*s", (int)(left < 63 ? left : 63), at);
            take_line(client, &memory, line + 4, key - 4, value);
        }
        line += length + (line[length] == '\n');
    }
    client->memory_told = memory.resident_told || memory.memory_told;
    client->memory_bytes = memory.resident_told ? memory.resident : memory.memory;
    return is_client;
}
