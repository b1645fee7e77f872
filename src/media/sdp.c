/* Two walks over the lines: one finds the video and which of its payload types is read, the other
 * takes what is said of that one. Spans of the text stand for words, nothing is copied before it
 * is known to fit. Grammar: RFC 8866; payload formats: RFC 6184, 7798, 6416, 2435. */
#include "src/media/sdp.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "src/base/text.h"

#define CLOCK_HZ          90000u
#define SIDE_MAX          16384u /* pixels; more is no camera's */
#define FPS_MILLI_MAX     1000000u
#define PAYLOAD_TYPES_MAX 16 /* of one medium: each is looked for in all its lines */

struct span {
    const char *at;
    size_t size;
};

struct line {
    char kind; /* the letter before '='; 0: not such a line */
    struct span value;
    size_t number; /* from 1 */
    bool empty;
};

struct lines {
    const char *at, *end;
    size_t number;
};

/* ---- words ---- */

static bool blank(char c)
{
    return c == ' ' || c == '\t';
}

static struct span trimmed(struct span s)
{
    while (s.size > 0 && blank(*s.at)) {
        s.at++;
        s.size--;
    }
    while (s.size > 0 && blank(s.at[s.size - 1]))
        s.size--;
    return s;
}

/* What stands before the first `end`, which is passed over; the whole when there is none. */
static struct span take_until(struct span *rest, char end)
{
    const char *found = rest->size > 0 ? memchr(rest->at, end, rest->size) : NULL;
    const size_t size = found ? (size_t)(found - rest->at) : rest->size;
    const struct span taken = {rest->at, size};
    const size_t used = found ? size + 1 : size;
    rest->at += used;
    rest->size -= used;
    return taken;
}

static struct span take_word(struct span *rest)
{
    *rest = trimmed(*rest);
    const struct span word = take_until(rest, ' ');
    *rest = trimmed(*rest);
    return word;
}

static bool same(struct span s, const char *text)
{
    return s.size == strlen(text) && strncasecmp(s.at, text, s.size) == 0;
}

/* The value of attribute `name` ("control"), false: another attribute. */
static bool attribute(struct span line, const char *name, struct span *value)
{
    *value = line;
    if (!same(trimmed(take_until(value, ':')), name))
        return false;
    *value = trimmed(*value);
    return true;
}

/* Digits at the begin of `s`, which are passed over; false: none, or above `most`. */
static bool take_number(struct span *s, uint32_t most, uint32_t *number)
{
    uint64_t value = 0;
    size_t i = 0;
    for (; i < s->size && s->at[i] >= '0' && s->at[i] <= '9'; i++) {
        value = value * 10 + (uint64_t)(s->at[i] - '0');
        if (value > most)
            return false;
    }
    if (i == 0)
        return false;
    s->at += i;
    s->size -= i;
    *number = (uint32_t)value;
    return true;
}

static bool whole_number(struct span s, uint32_t most, uint32_t *number)
{
    return take_number(&s, most, number) && s.size == 0;
}

static bool copy(struct span s, char *text, size_t size)
{
    if (s.size >= size)
        return false;
    if (s.size > 0)
        memcpy(text, s.at, s.size);
    text[s.size] = '\0';
    return true;
}

/* ---- lines ---- */

static bool next_line(struct lines *lines, struct line *line)
{
    if (lines->at == lines->end)
        return false;
    struct span rest = {lines->at, (size_t)(lines->end - lines->at)};
    struct span text = take_until(&rest, '\n');
    lines->at = rest.at;
    if (text.size > 0 && text.at[text.size - 1] == '\r')
        text.size--;
    text = trimmed(text);
    *line = (struct line){.number = ++lines->number, .empty = text.size == 0};
    if (text.size >= 2 && text.at[1] == '=') {
        line->kind = text.at[0];
        line->value = (struct span){text.at + 2, text.size - 2};
    }
    return true;
}

/* The lines of one medium: those up to the next m=. */
static bool next_of_medium(struct lines *lines, struct line *line)
{
    return next_line(lines, line) && line->kind != 'm';
}

/* ---- which video ---- */

static const struct {
    const char *name;
    enum vg_rtp_codec codec;
} codecs[] = {
    {"H264", VG_RTP_H264},     {"H265", VG_RTP_H265},  {"HEVC", VG_RTP_H265},
    {"MP4V-ES", VG_RTP_MPEG4}, {"JPEG", VG_RTP_MJPEG},
};

/* RFC 3551: payload types that need no rtpmap */
static const struct {
    uint32_t payload_type;
    const char *name;
} static_types[] = {{26, "JPEG"}, {28, "nv"},   {31, "H261"},
                    {32, "MPV"},  {33, "MP2T"}, {34, "H263"}};

struct chosen {
    struct lines lines; /* after its m= */
    enum vg_rtp_codec codec;
    uint32_t payload_type, clock_hz, port;
};

static struct span name_of_static(uint32_t payload_type)
{
    for (size_t i = 0; i < sizeof static_types / sizeof *static_types; i++)
        if (static_types[i].payload_type == payload_type)
            return (struct span){static_types[i].name, strlen(static_types[i].name)};
    return (struct span){"", 0};
}

/* "a=rtpmap:96 H264/90000" of this payload type; what RFC 3551 says when there is none. */
static struct span encoding_name(struct lines medium, uint32_t payload_type, uint32_t *clock_hz)
{
    struct line line;
    struct span value;
    uint32_t number = 0;
    *clock_hz = CLOCK_HZ;
    while (next_of_medium(&medium, &line)) {
        if (line.kind != 'a' || !attribute(line.value, "rtpmap", &value) ||
            !whole_number(take_word(&value), 127, &number) || number != payload_type)
            continue;
        const struct span name = trimmed(take_until(&value, '/'));
        uint32_t hz = 0;
        if (take_number(&value, 1000000, &hz) && hz >= 1000)
            *clock_hz = hz;
        return name;
    }
    return name_of_static(payload_type);
}

static bool find_codec(struct span name, enum vg_rtp_codec *codec)
{
    for (size_t i = 0; i < sizeof codecs / sizeof *codecs; i++)
        if (same(name, codecs[i].name)) {
            *codec = codecs[i].codec;
            return true;
        }
    return false;
}

/* A word of the camera's for a person's eyes: short, and only what a name is made of. */
static void show(struct span word, char *text, size_t size)
{
    size_t n = 0;
    for (size_t i = 0; i < word.size && n + 1 < size; i++) {
        const char c = word.at[i];
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '/' || c == '_';
        text[n++] = plain ? c : '?';
    }
    text[n] = '\0';
}

static enum vg_status refuse_codec(struct span name, struct vg_fault *fault)
{
    char shown[40];
    show(name, shown, sizeof shown);
    return vg_fault_set(fault, VG_E_INPUT, N_("the camera's video is of a kind that is not read"),
                        N_("set the camera to H.264, H.265, MPEG-4 or MJPEG"), "%s", shown);
}

static enum vg_status refuse_profile(struct span profile, struct vg_fault *fault)
{
    char shown[40];
    static const char *const plain = N_("set the camera to plain RTP, or give an rtsps address");
    show(profile, shown, sizeof shown);
    if (strstr(shown, "SAVP"))
        return vg_fault_set(fault, VG_E_INPUT,
                            N_("the camera encrypts its video by SRTP, which is not spoken"), plain,
                            "%s", shown);
    return vg_fault_set(fault, VG_E_INPUT, N_("the camera sends its video in another way than RTP"),
                        plain, "%s", shown);
}

static bool plain_profile(struct span profile)
{
    static const char *const profiles[] = {"RTP/AVP",     "RTP/AVPF",     "RTP/AVP/UDP",
                                           "RTP/AVP/TCP", "RTP/AVPF/UDP", "RTP/AVPF/TCP"};
    for (size_t i = 0; i < sizeof profiles / sizeof *profiles; i++)
        if (same(profile, profiles[i]))
            return true;
    return false;
}

/* An m= line, "video 0 RTP/AVP 96 97": the first of its payload types that is read. */
static enum vg_status choose(struct span medium, struct chosen *chosen, struct vg_fault *fault)
{
    (void)take_word(&medium);
    struct span port = take_word(&medium); /* "5000/2": two of them, the first is ours */
    const struct span profile = take_word(&medium);
    struct span first = {"", 0};
    if (!plain_profile(profile))
        return refuse_profile(profile, fault);
    chosen->port = 0;
    (void)whole_number(take_until(&port, '/'), 65535, &chosen->port);
    for (int i = 0; i < PAYLOAD_TYPES_MAX && medium.size > 0; i++) {
        const struct span word = take_word(&medium);
        if (!whole_number(word, 127, &chosen->payload_type))
            continue;
        const struct span name =
            encoding_name(chosen->lines, chosen->payload_type, &chosen->clock_hz);
        if (find_codec(name, &chosen->codec))
            return VG_OK;
        if (first.size == 0)
            first = name.size > 0 ? name : word;
    }
    return refuse_codec(first, fault);
}

static enum vg_status find_video(struct lines lines, struct chosen *chosen, struct vg_fault *fault)
{
    struct line line;
    enum vg_status status = VG_OK;
    while (next_line(&lines, &line)) {
        struct span medium = line.value;
        if (line.kind != 'm' || !same(take_word(&medium), "video"))
            continue;
        chosen->lines = lines;
        const enum vg_status one = choose(line.value, chosen, status ? NULL : fault);
        if (one == VG_OK)
            return VG_OK;
        status = one;
    }
    if (status)
        return status;
    return vg_fault_set(fault, VG_E_INPUT, N_("the camera announces no video"),
                        N_("check the path in the flux's address"), "%s", "");
}

/* ---- parameter sets ---- */

static int base64_digit(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+' || c == '-')
        return 62;
    return c == '/' || c == '_' ? 63 : -1;
}

/* Bytes of `text`; 0: not base64, or more than `room`. Padding may be missing. */
static size_t base64(struct span text, uint8_t *bytes, size_t room)
{
    uint32_t bits = 0, held = 0;
    size_t n = 0;
    while (text.size > 0 && text.at[text.size - 1] == '=')
        text.size--;
    for (size_t i = 0; i < text.size; i++) {
        const int digit = base64_digit(text.at[i]);
        if (digit < 0)
            return 0;
        bits = (bits << 6 | (uint32_t)digit) & 0xffffff;
        held += 6;
        if (held < 8)
            continue;
        held -= 8;
        if (n == room)
            return 0;
        bytes[n++] = (uint8_t)(bits >> held);
    }
    return held < 6 ? n : 0;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static size_t hex(struct span text, uint8_t *bytes, size_t room)
{
    if (text.size % 2 != 0 || text.size / 2 > room)
        return 0;
    for (size_t i = 0; i < text.size; i += 2) {
        const int high = hex_digit(text.at[i]), low = hex_digit(text.at[i + 1]);
        if (high < 0 || low < 0)
            return 0;
        bytes[i / 2] = (uint8_t)(high << 4 | low);
    }
    return text.size / 2;
}

/* How many bytes of a start code stand first: some cameras announce sets with theirs. */
static size_t start_code(const uint8_t *bytes, size_t size)
{
    if (size >= 4 && bytes[0] == 0 && bytes[1] == 0 && bytes[2] == 0 && bytes[3] == 1)
        return 4;
    return size >= 3 && bytes[0] == 0 && bytes[1] == 0 && bytes[2] == 1 ? 3 : 0;
}

static bool is_parameter_set(enum vg_rtp_codec codec, const uint8_t *unit, size_t size)
{
    if (codec == VG_RTP_H264) {
        const int type = unit[0] & 31;
        return size >= 2 && (type == 7 || type == 8 || type == 13 || type == 15);
    }
    const int type = unit[0] >> 1 & 63;
    return size >= 3 && type >= 32 && type <= 34;
}

/* Appends one set with a start code before it; what is no set is left out. */
static void add_set(struct vg_sdp_video *video, struct span text)
{
    static const uint8_t code[4] = {0, 0, 0, 1};
    uint8_t bytes[VG_SDP_PARAMETERS_MAX];
    const size_t all = base64(trimmed(text), bytes, sizeof bytes);
    const size_t before = start_code(bytes, all);
    const size_t size = all - before;
    if (size == 0 || !is_parameter_set(video->codec, bytes + before, size) ||
        size + sizeof code > VG_SDP_PARAMETERS_MAX - video->parameter_bytes)
        return;
    memcpy(video->parameters + video->parameter_bytes, code, sizeof code);
    memcpy(video->parameters + video->parameter_bytes + sizeof code, bytes + before, size);
    video->parameter_bytes += (uint32_t)(sizeof code + size);
}

static struct span unquoted(struct span s)
{
    s = trimmed(s);
    if (s.size < 2 || s.at[0] != '"' || s.at[s.size - 1] != '"')
        return s;
    return (struct span){s.at + 1, s.size - 2};
}

static void take_sets(struct vg_sdp_video *video, struct span sets)
{
    while (sets.size > 0)
        add_set(video, take_until(&sets, ','));
}

static void take_configuration(struct vg_sdp_video *video, struct span text)
{
    uint8_t bytes[VG_SDP_PARAMETERS_MAX];
    const size_t size = hex(text, bytes, sizeof bytes);
    if (size == 0 || start_code(bytes, size) == 0)
        return;
    memcpy(video->parameters, bytes, size);
    video->parameter_bytes = (uint32_t)size;
}

static void take_don_diff(struct vg_sdp_video *video, struct span text)
{
    uint32_t number = 0;
    if (whole_number(text, 32767, &number))
        video->don_diff_max = number;
}

/* In the order in which a decoder wants them, whatever the order in the text. */
static const struct {
    enum vg_rtp_codec codec;
    const char *name;
    void (*take)(struct vg_sdp_video *video, struct span value);
} format_parameters[] = {
    {VG_RTP_H264, "sprop-parameter-sets", take_sets},
    {VG_RTP_H265, "sprop-vps", take_sets},
    {VG_RTP_H265, "sprop-sps", take_sets},
    {VG_RTP_H265, "sprop-pps", take_sets},
    {VG_RTP_H265, "sprop-max-don-diff", take_don_diff},
    {VG_RTP_MPEG4, "config", take_configuration},
};

/* One of "name=value; name=value". The '=' of base64 stand behind the first one. */
static bool find_format_parameter(struct span list, const char *name, struct span *value)
{
    while (list.size > 0) {
        struct span one = take_until(&list, ';');
        if (!same(trimmed(take_until(&one, '=')), name))
            continue;
        *value = unquoted(one);
        return true;
    }
    return false;
}

static void read_format_parameters(struct lines medium, struct vg_sdp_video *video, size_t which)
{
    struct line line;
    struct span list, value;
    uint32_t number = 0;
    while (next_of_medium(&medium, &line))
        if (line.kind == 'a' && attribute(line.value, "fmtp", &list) &&
            whole_number(take_word(&list), 127, &number) && number == video->payload_type &&
            find_format_parameter(list, format_parameters[which].name, &value))
            format_parameters[which].take(video, value);
}

/* ---- places and attributes ---- */

static bool numeric_address(const char *text)
{
    uint8_t bytes[16];
    return inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1;
}

/* text: of vg_sdp_video. */
static bool copy_address(struct span s, char *text)
{
    enum {
        SIZE = sizeof((struct vg_sdp_video *)0)->address
    };
    static_assert(SIZE == sizeof((struct vg_sdp_video *)0)->source, "one size for both");
    char kept[SIZE];
    if (!copy(s, kept, sizeof kept) || !numeric_address(kept))
        return false;
    memcpy(text, kept, sizeof kept);
    return true;
}

/* "IN IP4 239.1.2.3/64": by IPv4 the number is a time to live, by IPv6 a count of groups. */
static void read_connection(struct span value, struct vg_sdp_video *video)
{
    uint32_t ttl = 0;
    if (!same(take_word(&value), "IN"))
        return;
    const bool four = same(take_word(&value), "IP4");
    if (!copy_address(take_until(&value, '/'), video->address))
        return;
    if (!four || !whole_number(take_until(&value, '/'), 255, &ttl))
        ttl = 0;
    video->ttl = ttl;
}

/* "incl IN IP4 232.1.2.3 192.0.2.1" (RFC 4570): the first source. */
static void read_source_filter(struct span value, struct vg_sdp_video *video)
{
    if (!same(take_word(&value), "incl") || !same(take_word(&value), "IN"))
        return;
    (void)take_word(&value);
    const struct span destination = take_word(&value);
    if (!same(destination, "*") && !same(destination, video->address))
        return;
    (void)copy_address(take_word(&value), video->source);
}

static bool copy_control(struct span value, char *text)
{
    for (size_t i = 0; i < value.size; i++)
        if ((unsigned char)value.at[i] <= ' ' || value.at[i] == 0x7f)
            return false;
    return copy(value, text, VG_SDP_CONTROL_SIZE);
}

/* "25", "29.97": thousandths. */
static void read_framerate(struct span value, struct vg_sdp_video *video)
{
    uint32_t whole = 0, milli = 0, scale = 100;
    if (!take_number(&value, FPS_MILLI_MAX / 1000, &whole))
        return;
    if (value.size > 0 && value.at[0] == '.')
        for (size_t i = 1; i < value.size && value.at[i] >= '0' && value.at[i] <= '9'; i++) {
            milli += (uint32_t)(value.at[i] - '0') * scale;
            scale /= 10;
        }
    video->fps_milli = whole * 1000 + milli;
}

static void keep_size(struct vg_sdp_video *video, uint32_t width, uint32_t height)
{
    if (width == 0 || height == 0)
        return;
    video->width = width;
    video->height = height;
}

/* Two numbers with a sign between them. */
static bool two_numbers(struct span s, char between, uint32_t *a, uint32_t *b)
{
    return whole_number(trimmed(take_until(&s, between)), SIDE_MAX, a) &&
           whole_number(trimmed(s), SIDE_MAX, b);
}

/* RFC 6064: "96 1920-1080" */
static void read_framesize(struct span value, struct vg_sdp_video *video)
{
    uint32_t type = 0, width = 0, height = 0;
    if (whole_number(take_word(&value), 127, &type) && type == video->payload_type &&
        two_numbers(value, '-', &width, &height))
        keep_size(video, width, height);
}

static void read_dimensions(struct span value, struct vg_sdp_video *video)
{
    uint32_t width = 0, height = 0;
    if (two_numbers(value, ',', &width, &height))
        keep_size(video, width, height);
}

/* "0,0,HEIGHT,WIDTH": top, left, bottom, right */
static void read_cliprect(struct span value, struct vg_sdp_video *video)
{
    uint32_t top = 0, left = 0, height = 0, width = 0;
    if (whole_number(trimmed(take_until(&value, ',')), SIDE_MAX, &top) &&
        whole_number(trimmed(take_until(&value, ',')), SIDE_MAX, &left) &&
        two_numbers(value, ',', &height, &width) && height > top && width > left)
        keep_size(video, width - left, height - top);
}

static void read_rtcp(struct span value, struct vg_sdp_video *video)
{
    uint32_t port = 0;
    if (whole_number(take_word(&value), 65535, &port))
        video->rtcp_port = (uint16_t)port;
}

static const struct {
    const char *name;
    void (*read)(struct span value, struct vg_sdp_video *video);
} attributes[] = {
    {"framerate", read_framerate},         {"x-framerate", read_framerate},
    {"framesize", read_framesize},         {"x-dimensions", read_dimensions},
    {"cliprect", read_cliprect},           {"rtcp", read_rtcp},
    {"source-filter", read_source_filter},
};

enum level {
    LEVEL_SESSION,
    LEVEL_VIDEO
};

static enum vg_status refuse_line(const struct line *line, const char *what, struct vg_fault *fault)
{
    return vg_fault_set(fault, VG_E_INPUT, what, N_("check the path in the flux's address"),
                        "SDP:%zu", line->number);
}

static enum vg_status read_line(const struct line *line, enum level level,
                                struct vg_sdp_video *video, struct vg_fault *fault)
{
    struct span value;
    if (line->kind != 'a')
        return VG_OK;
    if (attribute(line->value, "control", &value))
        return copy_control(value, level == LEVEL_SESSION ? video->session_control : video->control)
                   ? VG_OK
                   : refuse_line(line, N_("the camera announces an address that cannot be used"),
                                 fault);
    for (size_t i = 0; i < sizeof attributes / sizeof *attributes; i++)
        if (attribute(line->value, attributes[i].name, &value))
            attributes[i].read(value, video);
    return VG_OK;
}

static void read_connections(struct lines lines, struct vg_sdp_video *video)
{
    struct line line;
    while (next_of_medium(&lines, &line))
        if (line.kind == 'c')
            read_connection(line.value, video);
}

static enum vg_status read_level(struct lines lines, enum level level, struct vg_sdp_video *video,
                                 struct vg_fault *fault)
{
    struct line line;
    enum vg_status status = VG_OK;
    while (status == VG_OK && next_of_medium(&lines, &line))
        status = read_line(&line, level, video, fault);
    return status;
}

static enum vg_status read_all(struct lines lines, struct vg_sdp_video *video,
                               struct vg_fault *fault)
{
    struct chosen chosen = {.port = 0};
    enum vg_status status = find_video(lines, &chosen, fault);
    if (status)
        return status;
    video->codec = chosen.codec;
    video->payload_type = chosen.payload_type;
    video->clock_hz = chosen.clock_hz;
    video->port = (uint16_t)chosen.port;
    read_connections(lines, video);
    read_connections(chosen.lines, video); /* before the filters, which name the address */
    status = read_level(lines, LEVEL_SESSION, video, fault);
    if (status == VG_OK)
        status = read_level(chosen.lines, LEVEL_VIDEO, video, fault);
    if (status)
        return status;
    for (size_t i = 0; i < sizeof format_parameters / sizeof *format_parameters; i++)
        if (format_parameters[i].codec == video->codec)
            read_format_parameters(chosen.lines, video, i);
    if (video->rtcp_port == 0 && video->port > 0 && video->port < 65535)
        video->rtcp_port = (uint16_t)(video->port + 1);
    return VG_OK;
}

enum vg_status vg_sdp_read(const char *text, size_t size, struct vg_sdp_video *video,
                           struct vg_fault *fault)
{
    *video = (struct vg_sdp_video){.clock_hz = CLOCK_HZ};
    if (size > VG_SDP_BYTES_MAX)
        return vg_fault_set(fault, VG_E_INPUT, N_("the camera's session description is too long"),
                            NULL, "%zu > %d", size, VG_SDP_BYTES_MAX);
    const char *zero = size > 0 ? memchr(text, '\0', size) : NULL; /* some count their zero */
    const struct lines lines = {text, text + (zero ? (size_t)(zero - text) : size), 0};
    struct lines first = lines;
    struct line line = {.number = 1};
    while (next_line(&first, &line) && line.empty)
        ;
    if (line.kind != 'v' || !same(line.value, "0"))
        return refuse_line(&line, N_("the camera gives no session description"), fault);
    return read_all(lines, video, fault);
}
