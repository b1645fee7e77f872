#include "src/cli/probe_report.h"

#include <stddef.h>
#include <string.h>

#include "src/base/text.h"
#include "src/base/text_buffer.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum {
    WORDS_SIZE = 4096
};

/* "": it was never open. */
static const char *transport_name(const struct vg_probe_figures *f)
{
    static const char *const names[] = {"file", "tcp", "udp", "multicast"};
    return f->codec[0] ? names[f->transport] : "";
}

/* ---- for a person ---- */

static void say_codec(const struct vg_probe_figures *f, FILE *out)
{
    (void)fprintf(out, _("  %s%s%s, %ux%u, %.2f pictures a second (told: %.2f), %.0f kbit/s\n"),
                  f->codec, f->profile[0] ? " " : "", f->profile, f->width, f->height,
                  f->fps_milli / 1000.0, f->told_milli / 1000.0, (double)f->bits_per_s / 1000);
}

static void say_figures(const struct vg_probe_report *report, FILE *out)
{
    const struct vg_probe_figures *f = &report->figures;
    say_codec(f, out);
    (void)fprintf(out, _("  transport %s, %s; open after %.0f ms, first picture after %.0f ms\n"),
                  transport_name(f), f->encrypted ? _("encrypted") : _("in the clear"),
                  (double)f->open_us / 1000, (double)f->first_us / 1000);
    (void)fprintf(out, _("  key frames every %u pictures, %.2f s apart at most; jitter %.1f ms\n"),
                  f->key_interval, (double)f->key_us / 1e6, f->jitter_us / 1000.0);
    (void)fprintf(out, _("  packets: %llu, lost %llu; pictures: %llu, damaged %llu\n"),
                  (unsigned long long)f->packets, (unsigned long long)f->lost,
                  (unsigned long long)f->pictures, (unsigned long long)f->damaged);
    if (report->persons.seen)
        (void)fprintf(out, _("  persons: %.0f pixels high (%.0f for the detector), %u seen\n"),
                      report->persons.height_px, report->persons.height_network_px,
                      report->persons.seen);
}

static void say_reason(const struct vg_verdict_reason *reason, FILE *out)
{
    const char *mark = reason->weight == VG_VERDICT_COMPATIBLE ? "-" : "!";
    (void)fprintf(out, "  %s %s", mark, _(reason->what));
    if (reason->figure[0])
        (void)fprintf(out, " (%s)", reason->figure);
    if (reason->remedy)
        (void)fprintf(out, " ; %s", _(reason->remedy));
    (void)fputc('\n', out);
}

void vg_probe_report_text(const struct vg_probe_report *report, FILE *out)
{
    char why[WORDS_SIZE];
    (void)fprintf(out, "%s: %s\n", report->name, _(vg_verdict_text(report->verdict.verdict)));
    if (report->figures.pictures)
        say_figures(report, out);
    if (report->figures.status) {
        vg_fault_text(&report->fault, why, sizeof why);
        (void)fprintf(out, "  %s\n", why);
    }
    for (size_t i = 0; i < report->verdict.count; i++)
        say_reason(&report->verdict.reason[i], out);
}

/* ---- figures for machines: one table for JSON and CSV ---- */

enum kind {
    KIND_TEXT,  /* char[] */
    KIND_BOOL,  /* bool */
    KIND_32,    /* uint32_t */
    KIND_64,    /* uint64_t */
    KIND_MILLI, /* uint32_t, thousandths */
    KIND_MICRO, /* int64_t microseconds, as seconds */
    KIND_MS,    /* int64_t microseconds, as milliseconds */
    KIND_MS32,  /* the same of uint32_t */
    KIND_WAY,   /* enum vg_transport */
    KIND_PIXELS /* double, of the persons: 0: nobody was seen */
};

static const struct figure {
    const char *name;
    enum kind kind;
    size_t at; /* in vg_probe_figures; KIND_PIXELS: in vg_probe_persons */
} figures[] = {
#define FIGURE(name, kind, member)                            \
    {                                                         \
        name, kind, offsetof(struct vg_probe_figures, member) \
    }
    FIGURE("codec", KIND_TEXT, codec),
    FIGURE("profile", KIND_TEXT, profile),
    FIGURE("width", KIND_32, width),
    FIGURE("height", KIND_32, height),
    FIGURE("pixel_aspect_num", KIND_32, pixel_aspect_num),
    FIGURE("pixel_aspect_den", KIND_32, pixel_aspect_den),
    FIGURE("interlaced", KIND_BOOL, interlaced),
    FIGURE("b_frames", KIND_BOOL, b_frames),
    FIGURE("fps", KIND_MILLI, fps_milli),
    FIGURE("told_fps", KIND_MILLI, told_milli),
    FIGURE("bits_per_s", KIND_64, bits_per_s),
    FIGURE("transport", KIND_WAY, transport),
    FIGURE("encrypted", KIND_BOOL, encrypted),
    FIGURE("open_ms", KIND_MS, open_us),
    FIGURE("first_picture_ms", KIND_MS, first_us),
    FIGURE("lasted_s", KIND_MICRO, lasted_us),
    FIGURE("key_interval", KIND_32, key_interval),
    FIGURE("key_s", KIND_MICRO, key_us),
    FIGURE("gap_s", KIND_MICRO, gap_us),
    FIGURE("packets", KIND_64, packets),
    FIGURE("lost", KIND_64, lost),
    FIGURE("jitter_ms", KIND_MS32, jitter_us),
    FIGURE("received", KIND_64, received),
    FIGURE("early", KIND_64, early),
    FIGURE("pictures", KIND_64, pictures),
    FIGURE("damaged", KIND_64, damaged),
    FIGURE("refused", KIND_64, refused),
    FIGURE("jumps", KIND_64, jumps),
    FIGURE("sizes", KIND_64, sizes),
#undef FIGURE
    {"person_height_px", KIND_PIXELS, offsetof(struct vg_probe_persons, height_px)},
    {"person_height_network_px", KIND_PIXELS, offsetof(struct vg_probe_persons, height_network_px)},
};

/* A figure as a JSON value, from which CSV takes its text as well. */
static json_t *value_of(const struct vg_probe_report *report, const struct figure *figure)
{
    const char *base = figure->kind == KIND_PIXELS ? (const char *)&report->persons
                                                   : (const char *)&report->figures;
    const void *at = base + figure->at;
    switch (figure->kind) {
    case KIND_TEXT:
        return json_string(at);
    case KIND_BOOL:
        return json_boolean(*(const bool *)at);
    case KIND_32:
        return json_integer(*(const uint32_t *)at);
    case KIND_64:
        return json_integer((json_int_t) * (const uint64_t *)at);
    case KIND_MILLI:
        return json_real(*(const uint32_t *)at / 1000.0);
    case KIND_MICRO:
        return json_real((double)*(const int64_t *)at / 1e6);
    case KIND_MS:
        return json_real((double)*(const int64_t *)at / 1e3);
    case KIND_MS32:
        return json_real(*(const uint32_t *)at / 1e3);
    case KIND_WAY:
        return json_string(transport_name(&report->figures));
    case KIND_PIXELS:
        return json_real(*(const double *)at);
    }
    return NULL;
}

/* ---- JSON ---- */

static json_t *reasons_json(const struct vg_probe_verdict *verdict)
{
    json_t *list = json_array();
    for (size_t i = 0; list && i < verdict->count; i++) {
        const struct vg_verdict_reason *reason = &verdict->reason[i];
        (void)json_array_append_new(
            list, json_pack("{s:s, s:s, s:s, s:s, s:s?}", "code", reason->code, "weight",
                            vg_verdict_name(reason->weight), "what", _(reason->what), "figure",
                            reason->figure, "remedy", reason->remedy ? _(reason->remedy) : NULL));
    }
    return list;
}

json_t *vg_probe_report_json(const struct vg_probe_report *report)
{
    char why[WORDS_SIZE] = "";
    if (report->figures.status)
        vg_fault_text(&report->fault, why, sizeof why);
    json_t *object =
        json_pack("{s:s, s:s, s:s, s:s, s:I, s:o}", "id", report->name, "verdict",
                  vg_verdict_name(report->verdict.verdict), "status",
                  vg_status_name(report->figures.status), "message", why, "persons",
                  (json_int_t)report->persons.seen, "reasons", reasons_json(&report->verdict));
    for (size_t i = 0; object && i < COUNT(figures); i++)
        (void)json_object_set_new(object, figures[i].name, value_of(report, &figures[i]));
    return object;
}

/* ---- CSV ---- */

/* A spreadsheet takes what begins so for a formula. */
static bool commands(const char *text)
{
    return *text && strchr("=+-@", *text);
}

static void put(FILE *out, const char *text)
{
    (void)fputc('"', out);
    if (commands(text))
        (void)fputc('\'', out);
    for (; *text; text++) {
        if (*text == '"')
            (void)fputc('"', out);
        (void)fputc(*text == '\n' ? ' ' : *text, out);
    }
    (void)fputc('"', out);
}

static void put_value(FILE *out, const json_t *value)
{
    if (json_is_string(value))
        put(out, json_string_value(value));
    else if (json_is_boolean(value))
        (void)fputs(json_is_true(value) ? "1" : "0", out);
    else if (json_is_integer(value))
        (void)fprintf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else if (value)
        (void)fprintf(out, "%.3f", json_real_value(value));
}

void vg_probe_report_csv_head(FILE *out, char separator)
{
    (void)fprintf(out, "id%cverdict%creasons%cask%cmessage", separator, separator, separator,
                  separator);
    for (size_t i = 0; i < COUNT(figures); i++)
        (void)fprintf(out, "%c%s", separator, figures[i].name);
    (void)fprintf(out, "%cpersons\n", separator);
}

void vg_probe_report_csv(const struct vg_probe_report *report, FILE *out, char separator)
{
    char why[WORDS_SIZE] = "", codes[WORDS_SIZE], ask[WORDS_SIZE];
    struct vg_text_buffer code_words, ask_words;
    if (report->figures.status)
        vg_fault_text(&report->fault, why, sizeof why);
    vg_text_buffer_init(&code_words, codes, sizeof codes);
    vg_text_buffer_init(&ask_words, ask, sizeof ask);
    for (size_t i = 0; i < report->verdict.count; i++) {
        const struct vg_verdict_reason *reason = &report->verdict.reason[i];
        vg_text_add(&code_words, "%s%s", code_words.size ? " " : "", reason->code);
        if (reason->remedy)
            vg_text_add(&ask_words, "%s%s", ask_words.size ? " / " : "", _(reason->remedy));
    }
    const char *const words[] = {report->name, vg_verdict_name(report->verdict.verdict), codes, ask,
                                 why};
    for (size_t i = 0; i < COUNT(words); i++) {
        put(out, words[i]);
        (void)fputc(separator, out);
    }
    for (size_t i = 0; i < COUNT(figures); i++) {
        json_t *value = value_of(report, &figures[i]);
        put_value(out, value);
        (void)fputc(separator, out);
        json_decref(value);
    }
    (void)fprintf(out, "%u\n", report->persons.seen);
}
