#include "src/media/probe_verdict.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "src/base/text.h"

/* 4CIF as NTSC has it: the least size that the requirements name. */
#define WIDTH_LEAST  704u
#define HEIGHT_LEAST 480u
/* Pictures a second that the requirements name; the rules that need most want 5. */
#define FPS_LEAST_MILLI 12000u
#define FPS_MOST_MILLI  60000u
/* Below this height at the net's input a detector misses most persons (docs/bench.md). */
#define PERSON_LEAST_PX 25.0
/* What the way may do before it shows in the analysis. */
#define KEY_MOST_US    (5 * VG_US_PER_S)
#define GAP_MOST_US    VG_US_PER_S
#define JITTER_MOST_US 100000u
#define LOST_MOST      0.0005
#define DAMAGED_MOST   0.01

struct subject {
    const struct vg_probe_figures *figures;
    const struct vg_probe_persons *persons; /* all zero: nobody looked */
};

static double lost_share(const struct vg_probe_figures *f)
{
    const uint64_t all = f->packets + f->lost;
    return all ? (double)f->lost / (double)all : 0;
}

/* ---- no picture: each cause has its own remedy, and one rule holds alone ---- */

static bool nothing_came(const struct subject *s)
{
    const struct vg_probe_figures *f = s->figures;
    return f->pictures == 0 && f->received == 0 && f->early == 0;
}

static bool failed_by(const struct subject *s, enum vg_status status)
{
    return nothing_came(s) && s->figures->status == status;
}

static bool account(const struct subject *s)
{
    return failed_by(s, VG_E_DENIED);
}

static bool certificate(const struct subject *s)
{
    return failed_by(s, VG_E_INTEGRITY);
}

static bool nothing_sent(const struct subject *s)
{
    return s->figures->given && (failed_by(s, VG_E_STATE) || failed_by(s, VG_E_TIMEOUT));
}

static bool other_transport(const struct subject *s)
{
    return failed_by(s, VG_E_STATE) && !nothing_sent(s);
}

static bool not_there(const struct subject *s)
{
    return failed_by(s, VG_E_MISSING);
}

static bool not_video(const struct subject *s)
{
    return failed_by(s, VG_E_INPUT);
}

static bool silent(const struct subject *s)
{
    return nothing_came(s) && s->figures->codec[0] && !not_video(s) && !nothing_sent(s);
}

static bool unreachable(const struct subject *s)
{
    return nothing_came(s) && !silent(s) && !nothing_sent(s) && !account(s) && !certificate(s) &&
           !other_transport(s) && !not_there(s) && !not_video(s);
}

static bool no_key(const struct subject *s)
{
    return s->figures->pictures == 0 && s->figures->received == 0 && s->figures->early > 0;
}

static bool undecodable(const struct subject *s)
{
    return s->figures->pictures == 0 && s->figures->received > 0;
}

/* ---- pictures came ---- */

static bool broke_off(const struct subject *s)
{
    return s->figures->status != VG_OK && s->figures->pictures > 0;
}

static bool small_picture(const struct subject *s)
{
    const struct vg_probe_figures *f = s->figures;
    return f->pictures && (f->width < WIDTH_LEAST || f->height < HEIGHT_LEAST);
}

static bool large_picture(const struct subject *s)
{
    return s->figures->width > VG_PICTURE_WIDTH_MAX || s->figures->height > VG_PICTURE_HEIGHT_MAX;
}

static bool slow(const struct subject *s)
{
    /* 12 a second measured over some seconds may come out as 11.9 */
    return s->figures->fps_milli && s->figures->fps_milli < FPS_LEAST_MILLI * 97 / 100;
}

static bool fast(const struct subject *s)
{
    return s->figures->fps_milli > FPS_MOST_MILLI;
}

static bool rare_keys(const struct subject *s)
{
    return s->figures->key_us > KEY_MOST_US;
}

static bool losses(const struct subject *s)
{
    return lost_share(s->figures) > LOST_MOST;
}

static bool damage(const struct subject *s)
{
    return (double)s->figures->damaged > DAMAGED_MOST * (double)s->figures->pictures;
}

static bool refusals(const struct subject *s)
{
    return s->figures->pictures && s->figures->refused * 100 > s->figures->pictures;
}

static bool stutter(const struct subject *s)
{
    return s->figures->pictures && s->figures->gap_us > GAP_MOST_US;
}

static bool jitter(const struct subject *s)
{
    /* stamps that jump look like packets that come late */
    return s->figures->jitter_us > JITTER_MOST_US && s->figures->jumps == 0;
}

static bool rare_profile(const struct subject *s)
{
    static const char *const usual[] = {
        "", "Constrained Baseline", "Baseline", "Main", "High", "Main 10"};
    const struct vg_probe_figures *f = s->figures;
    if (strcmp(f->codec, "h264") != 0 && strcmp(f->codec, "hevc") != 0)
        return false;
    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
        if (strcmp(f->profile, usual[i]) == 0)
            return false;
    return true;
}

static bool other_codec(const struct subject *s)
{
    return s->figures->pictures && strcmp(s->figures->codec, "h264") != 0;
}

static bool b_frames(const struct subject *s)
{
    return s->figures->b_frames;
}

static bool interlaced(const struct subject *s)
{
    return s->figures->interlaced;
}

static bool jumps(const struct subject *s)
{
    return s->figures->jumps > 0;
}

static bool sizes(const struct subject *s)
{
    return s->figures->sizes > 0;
}

static bool in_the_clear(const struct subject *s)
{
    return s->figures->pictures && s->figures->transport != VG_TRANSPORT_AUTO &&
           !s->figures->encrypted;
}

static bool small_persons(const struct subject *s)
{
    return s->persons->seen && s->persons->height_network_px < PERSON_LEAST_PX;
}

static bool no_persons(const struct subject *s)
{
    return s->persons->looks && !s->persons->seen;
}

/* ---- the figure that a reason shows ---- */

static void say_codec(const struct subject *s, char *text, size_t size)
{
    (void)snprintf(text, size, "%s%s%s", s->figures->codec, s->figures->profile[0] ? " " : "",
                   s->figures->profile);
}

static void say_size(const struct subject *s, char *text, size_t size)
{
    (void)snprintf(text, size, "%ux%u", s->figures->width, s->figures->height);
}

static void say_fps(const struct subject *s, char *text, size_t size)
{
    (void)snprintf(text, size, "%.1f fps", s->figures->fps_milli / 1000.0);
}

static void say_keys(const struct subject *s, char *text, size_t size)
{
    (void)snprintf(text, size, "%.1f s", (double)s->figures->key_us / 1e6);
}

static void say_lost(const struct subject *s, char *text, size_t size)
{
    (void)snprintf(text, size, "%.2f %%", 100 * lost_share(s->figures));
}

static void say_damage(const struct subject *s, char *text, size_t size)
{
    (void)snprintf(text, size, "%.1f %%",
                   100 * (double)s->figures->damaged / (double)s->figures->pictures);
}

static void say_refusals(const struct subject *s, char *text, size_t size)
{
    (void)snprintf(text, size, "%llu", (unsigned long long)s->figures->refused);
}

static void say_gap(const struct subject *s, char *text, size_t size)
{
    (void)snprintf(text, size, "%.1f s", (double)s->figures->gap_us / 1e6);
}

static void say_jitter(const struct subject *s, char *text, size_t size)
{
    (void)snprintf(text, size, "%u ms", s->figures->jitter_us / 1000);
}

static void say_person(const struct subject *s, char *text, size_t size)
{
    (void)snprintf(text, size, "%.0f px", s->persons->height_px);
}

static const struct rule {
    const char *code;
    enum vg_verdict weight;
    bool (*holds)(const struct subject *s);
    void (*say)(const struct subject *s, char *text, size_t size);
    const char *what, *remedy;
} rules[] = {
    {"unreachable", VG_VERDICT_INCOMPATIBLE, unreachable, NULL, N_("it does not answer"),
     N_("check address, port, firewall and that it is switched on")},
    {"account", VG_VERDICT_INCOMPATIBLE, account, NULL, N_("it refuses this account"),
     N_("ask for an account that may read this stream")},
    {"certificate", VG_VERDICT_INCOMPATIBLE, certificate, NULL,
     N_("its certificate is not believed"),
     N_("ask for the authority's certificate (--ca), or the name that it is for (--tls-name)")},
    {"other_transport", VG_VERDICT_INCOMPATIBLE, other_transport, NULL,
     N_("it cannot be had in this way"), N_("try --transport auto, or permit RTP over TCP there")},
    {"nothing_sent", VG_VERDICT_INCOMPATIBLE, nothing_sent, NULL,
     N_("nothing was sent while it was waited for"),
     N_("have it sent, or put a file into the folder, and probe again")},
    {"not_there", VG_VERDICT_INCOMPATIBLE, not_there, NULL, N_("there is no such stream"),
     N_("ask for the right address of the stream")},
    {"not_video", VG_VERDICT_INCOMPATIBLE, not_video, NULL, N_("it is no video that can be read"),
     N_("ask for H.264, unencrypted inside RTP, and check the address")},
    {"silent", VG_VERDICT_INCOMPATIBLE, silent, say_codec, N_("it opens, but nothing comes"),
     N_("try --transport tcp, and check that UDP or multicast may pass")},
    {"no_key", VG_VERDICT_INCOMPATIBLE, no_key, say_codec,
     N_("no key frame came while it was received"), N_("ask for a key frame every 1 to 2 s")},
    {"undecodable", VG_VERDICT_INCOMPATIBLE, undecodable, say_codec,
     N_("what it sends cannot be decoded"), N_("ask for another profile, H.264 Main or High")},
    {"broke_off", VG_VERDICT_DEGRADED, broke_off, NULL, N_("it broke off while it was received"),
     N_("look for the cause at the VMS and in the network")},
    {"small_picture", VG_VERDICT_DEGRADED, small_picture, say_size,
     N_("its picture is under 4CIF (704x480)"), N_("ask for 704x576 at least")},
    {"large_picture", VG_VERDICT_COMPATIBLE, large_picture, say_size,
     N_("its picture is made smaller before it is analysed"),
     N_("a second, smaller stream saves decoding")},
    {"slow", VG_VERDICT_DEGRADED, slow, say_fps, N_("it has fewer than 12 pictures a second"),
     N_("ask for 12 to 25 pictures a second")},
    {"fast", VG_VERDICT_COMPATIBLE, fast, say_fps,
     N_("so many pictures a second cost decoding and gain nothing"),
     N_("ask for 12 to 25 pictures a second")},
    {"rare_keys", VG_VERDICT_DEGRADED, rare_keys, say_keys,
     N_("its key frames are far apart: after each loss nothing is seen until the next one"),
     N_("ask for a key frame every 1 to 2 s")},
    {"losses", VG_VERDICT_DEGRADED, losses, say_lost, N_("packets are lost"),
     N_("use TCP, or look for the congestion")},
    {"damage", VG_VERDICT_DEGRADED, damage, say_damage, N_("pictures are damaged"),
     N_("look for losses on the way to the VMS")},
    {"refusals", VG_VERDICT_DEGRADED, refusals, say_refusals, N_("the decoder refused packets"),
     N_("ask for another profile, H.264 Main or High")},
    {"stutter", VG_VERDICT_DEGRADED, stutter, say_gap, N_("nothing came for some time"),
     N_("look for the cause at the VMS and in the network")},
    {"jitter", VG_VERDICT_DEGRADED, jitter, say_jitter, N_("its packets come irregularly"),
     N_("look for the congestion")},
    {"jumps", VG_VERDICT_COMPATIBLE, jumps, NULL, N_("the stamps of its pictures jump"),
     N_("set the camera's clock by NTP")},
    {"rare_profile", VG_VERDICT_COMPATIBLE, rare_profile, say_codec,
     N_("hardware decoders rarely take this profile: it costs processor time"),
     N_("ask for another profile, H.264 Main or High")},
    {"other_codec", VG_VERDICT_COMPATIBLE, other_codec, say_codec,
     N_("most browsers do not play it: extracts are offered as downloads"),
     N_("ask for H.264 if operators shall play extracts in the page")},
    {"b_frames", VG_VERDICT_COMPATIBLE, b_frames, NULL,
     N_("it has B-frames: each picture comes some pictures late"), N_("ask for no B-frames")},
    {"interlaced", VG_VERDICT_COMPATIBLE, interlaced, NULL,
     N_("it is interlaced: what moves is seen with torn edges"),
     N_("ask for progressive pictures")},
    {"sizes", VG_VERDICT_COMPATIBLE, sizes, NULL, N_("its size changes while it runs"), NULL},
    {"clear", VG_VERDICT_COMPATIBLE, in_the_clear, NULL, N_("it comes in the clear"),
     N_("use RTSPS, or a tunnel (docs/flux.md)")},
    {"small_persons", VG_VERDICT_DEGRADED, small_persons, say_person,
     N_("persons are too small for the detector"),
     N_("analyse by tiles, or ask for a larger picture or a nearer view")},
    {"no_persons", VG_VERDICT_COMPATIBLE, no_persons, NULL,
     N_("no person was seen: their height could not be measured"),
     N_("try again when somebody is in the picture")},
};

const char *vg_verdict_name(enum vg_verdict verdict)
{
    static const char *const names[] = {"compatible", "degraded", "incompatible"};
    return names[verdict];
}

const char *vg_verdict_text(enum vg_verdict verdict)
{
    static const char *const texts[] = {N_("can be analysed"), N_("can be analysed, less well"),
                                        N_("cannot be analysed")};
    return texts[verdict];
}

/* The first nine exclude each other and all that follow. */
static_assert(sizeof rules / sizeof *rules <= VG_VERDICT_REASONS_MAX + 8, "all reasons fit");

void vg_probe_judge(const struct vg_probe_figures *figures, const struct vg_probe_persons *persons,
                    struct vg_probe_verdict *verdict)
{
    static const struct vg_probe_persons nobody;
    const struct subject subject = {figures, persons ? persons : &nobody};
    *verdict = (struct vg_probe_verdict){.verdict = VG_VERDICT_COMPATIBLE};
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        const struct rule *rule = &rules[i];
        if (!rule->holds(&subject) || verdict->count == VG_VERDICT_REASONS_MAX)
            continue;
        struct vg_verdict_reason *reason = &verdict->reason[verdict->count++];
        *reason = (struct vg_verdict_reason){
            .code = rule->code, .what = rule->what, .remedy = rule->remedy, .weight = rule->weight};
        if (rule->say)
            rule->say(&subject, reason->figure, sizeof reason->figure);
        if (rule->weight > verdict->verdict)
            verdict->verdict = rule->weight;
    }
}
