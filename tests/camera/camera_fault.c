#include "tests/camera/camera_fault.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    size_t offset;
} numbers[] = {
#define ROW(field)                                       \
    {                                                    \
#field, offsetof(struct vg_camera_faults, field) \
    }
    ROW(nooptions),
    ROW(nodescribe),
    ROW(nosetup),
    ROW(noplay),
    ROW(noalive),
    ROW(options),
    ROW(describe),
    ROW(setup),
    ROW(play),
    ROW(get_parameter),
    ROW(teardown),
    ROW(notcp),
    ROW(noudp),
    ROW(nomulticast),
    ROW(badauth),
    ROW(stale),
    ROW(noaggregate),
    ROW(abscontrol),
    ROW(nosprop),
    ROW(slowdrip),
    ROW(nodata),
    ROW(startnokey),
    ROW(freeze),
    ROW(thaw),
    ROW(close),
    ROW(reset),
    ROW(bye),
    ROW(blackhole),
    ROW(burst),
    ROW(jitter),
    ROW(second),
    ROW(lose),
    ROW(loss),
    ROW(lossburst),
    ROW(seed),
    ROW(reorder),
    ROW(late),
    ROW(nomarker),
    ROW(wrap),
    ROW(ssrc),
    ROW(jump),
    ROW(by),
    ROW(nosr),
    ROW(ntp),
    ROW(garbage),
    ROW(strange),
    {"double", offsetof(struct vg_camera_faults, doubled)},
};
static const struct {
    const char *name, *alone; /* alone: what it is without "=" */
    size_t offset;
} texts[] = {
    {"redirect", "rtsp://192.0.2.1:554/elsewhere", offsetof(struct vg_camera_faults, redirect)},
    {"othercontrol", "192.0.2.1:554", offsetof(struct vg_camera_faults, othercontrol)},
#undef ROW
};

static void decode(const char *p, size_t length, char text[VG_FAULT_TEXT])
{
    size_t used = 0;
    for (size_t i = 0; i < length && used + 1 < VG_FAULT_TEXT; i++) {
        char hex[3] = "";
        if (p[i] == '%' && i + 2 < length) {
            memcpy(hex, p + i + 1, 2);
            i += 2;
        }
        text[used++] = hex[0] ? (char)strtol(hex, NULL, 16) : p[i];
    }
    text[used] = '\0';
}

static void read_word(struct vg_camera_faults *faults, const char *word, size_t length)
{
    const char *equals = memchr(word, '=', length);
    const size_t name = equals ? (size_t)(equals - word) : length;
    const double number = equals ? strtod(equals + 1, NULL) : 1;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (strlen(numbers[i].name) == name && strncmp(numbers[i].name, word, name) == 0)
            memcpy((char *)faults + numbers[i].offset, &number, sizeof number);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (strlen(texts[i].name) != name || strncmp(texts[i].name, word, name) != 0)
            continue;
        char *text = (char *)faults + texts[i].offset;
        if (equals)
            decode(equals + 1, length - name - 1, text);
        else
            decode(texts[i].alone, strlen(texts[i].alone), text);
    }
}

void vg_camera_faults_read(struct vg_camera_faults *faults, const char *query)
{
    memset(faults, 0, sizeof *faults);
    while (*query && !strchr("/ ", *query)) {
        const size_t length = strcspn(query, "&/ ");
        read_word(faults, query, length);
        query += length;
        query += *query == '&' ? 1 : 0;
    }
}
