#include "src/media/figure.h"

#include <assert.h>

static const char *const transports[] = {"file", "tcp", "udp", "multicast"};
static const char *const decoders[] = {"vaapi", "cuda", "software", "keys", "none"};

static const char *const causes[] = {"none",   "no_device", "refused", "error",   "transfer",
                                     "silent", "hung",      "budget",  "software"};

#define WORDS(list) .words = (list), .words_count = sizeof(list) / sizeof *(list)

static const struct vg_figure_row rows[VG_FIGURE_COUNT] = {
    [VG_FIGURE_TRANSPORT] = {"transport", NULL, VG_FIGURE_WORD, 1, WORDS(transports)},
    [VG_FIGURE_ENCRYPTED] = {"encrypted", "encrypted", VG_FIGURE_FLAG, 1, NULL, 0},
    [VG_FIGURE_PACKETS] = {"packets", "packets", VG_FIGURE_GAUGE, 1, NULL, 0},
    [VG_FIGURE_LOST] = {"packets_lost", "packets_lost", VG_FIGURE_GAUGE, 1, NULL, 0},
    [VG_FIGURE_JITTER] = {"jitter_s", "jitter_seconds", VG_FIGURE_GAUGE, 1e-6, NULL, 0},
    [VG_FIGURE_INPUT_RATE] = {"input_fps", "input_fps", VG_FIGURE_GAUGE, 1e-3, NULL, 0},
    [VG_FIGURE_KEY_INTERVAL] = {"key_interval", "key_interval", VG_FIGURE_GAUGE, 1, NULL, 0},
    [VG_FIGURE_DECODER] = {"decoder", NULL, VG_FIGURE_WORD, 1, WORDS(decoders)},
    [VG_FIGURE_FALL_CAUSE] = {"decoder_cause", NULL, VG_FIGURE_WORD, 1, WORDS(causes)},
    [VG_FIGURE_FALLS] = {"decoder_falls", "decoder_falls_total", VG_FIGURE_COUNTER, 1, NULL, 0},
    [VG_FIGURE_RISES] = {"decoder_rises", "decoder_rises_total", VG_FIGURE_COUNTER, 1, NULL, 0},
    [VG_FIGURE_DECODE_TIME] = {"decode_s", "decode_seconds_total", VG_FIGURE_COUNTER, 1e-6, NULL,
                               0},
    [VG_FIGURE_PASSED] = {"pictures_passed", "pictures_passed_total", VG_FIGURE_COUNTER, 1, NULL,
                          0},
    [VG_FIGURE_SURFACES] = {"decoder_surfaces", "decoder_surfaces", VG_FIGURE_GAUGE, 1, NULL, 0},
    [VG_FIGURE_MEMORY] = {"media_bytes", "media_bytes", VG_FIGURE_GAUGE, 1, NULL, 0},
    [VG_FIGURE_BARRED_UNTIL] = {NULL, NULL, VG_FIGURE_GAUGE, 1, NULL, 0},
    [VG_FIGURE_HANGS] = {NULL, NULL, VG_FIGURE_GAUGE, 1, NULL, 0},
    [VG_FIGURE_FOLDER] = {NULL, NULL, VG_FIGURE_GAUGE, 1, NULL, 0},
    [VG_FIGURE_FOLDER_TIME] = {NULL, NULL, VG_FIGURE_GAUGE, 1, NULL, 0},
    [VG_FIGURE_FOLDER_NAME] = {NULL, NULL, VG_FIGURE_GAUGE, 1, NULL, 0},
};

const struct vg_figure_row *vg_figure_row(enum vg_figure figure)
{
    assert((size_t)figure < VG_FIGURE_COUNT);
    return &rows[figure];
}

const char *vg_figure_word(const struct vg_figure_row *row, int64_t value)
{
    return value >= 0 && (uint64_t)value < row->words_count ? row->words[value] : "unknown";
}
