#include "src/base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where log lines go is a property of the process, like its stderr. Written once by
 * vg_log_init before any thread; read by all afterwards. */
static struct {
    enum vg_log_level least;
    bool json;
    const char *part, *unknown;
} settings = {VG_LOG_INFO, false, "vigie", NULL};

static const char *const level_name[] = {"error", "warn", "info", "debug"};

void vg_log_init(const char *part)
{
    settings.part = part;
    const char *wish = getenv("VIGIE_LOG");
    if (!wish)
        return;
    if (strncmp(wish, "json", 4) == 0 && (wish[4] == ':' || wish[4] == '\0')) {
        settings.json = true;
        wish += wish[4] == ':' ? 5 : 4;
    }
    settings.unknown = *wish ? wish : NULL;
    for (int i = VG_LOG_ERROR; i <= VG_LOG_DEBUG; i++)
        if (strcmp(wish, level_name[i]) == 0) {
            settings.least = (enum vg_log_level)i;
            settings.unknown = NULL;
        }
}

bool vg_log_is_json(void)
{
    return settings.json;
}

const char *vg_log_unknown_level(void)
{
    return settings.unknown;
}

/* How many bytes the UTF-8 character at `text` takes; 0 where there is none, as in a cut one. */
static size_t character_size(const unsigned char *text)
{
    const size_t size = *text < 0x80                     ? 1
                        : *text >= 0xc2 && *text <= 0xdf ? 2
                        : (*text & 0xf0) == 0xe0         ? 3
                        : *text >= 0xf0 && *text <= 0xf4 ? 4
                                                         : 0;
    for (size_t i = 1; i < size; i++)
        if ((text[i] & 0xc0) != 0x80)
            return 0;
    return size;
}

/* Copies text as the inside of a JSON string: what is no UTF-8 becomes "?", what does not fit is
 * left out. */
static void escape(const char *text, char *out, size_t size)
{
    size_t n = 0;
    while (*text && n + 7 < size) {
        const unsigned char c = (unsigned char)*text;
        const size_t taken = character_size((const unsigned char *)text);
        if (c == '"' || c == '\\') {
            out[n++] = '\\';
            out[n++] = (char)c;
        } else if (c < 0x20) {
            n += (size_t)snprintf(out + n, size - n, "\\u%04x", c);
        } else if (taken == 0) {
            out[n++] = '?';
        } else {
            memcpy(out + n, text, taken);
            n += taken;
        }
        text += taken > 0 ? taken : 1;
    }
    out[n] = '\0';
}

void vg_log(enum vg_log_level level, const char *format, ...)
{
    if (level > settings.least)
        return;
    char message[1024], time[40];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(message, sizeof message, format, args);
    va_end(args);
    vg_wall_format(vg_wall_now(), time, sizeof time);
    if (settings.json) {
        char escaped[2048];
        escape(message, escaped, sizeof escaped);
        (void)fprintf(stderr,
                      "{\"time\":\"%s\",\"level\":\"%s\",\"part\":\"%s\",\"message\":\"%s\"}\n",
                      time, level_name[level], settings.part, escaped);
    } else {
        (void)fprintf(stderr, "%s %-5s %s: %s\n", time, level_name[level], settings.part, message);
    }
}

uint64_t vg_log_repeat_due(struct vg_log_repeat *repeat, struct vg_mono_time now, int64_t every_us)
{
    repeat->count++;
    if (repeat->last.us != 0 && now.us - repeat->last.us < every_us)
        return 0;
    const uint64_t count = repeat->count;
    repeat->count = 0;
    repeat->last = now;
    return count;
}
