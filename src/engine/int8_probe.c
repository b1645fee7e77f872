#include "src/engine/int8_probe.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "kernels/twins/cases.h"
#include "src/base/file.h"
#include "src/base/log.h"
#include "src/engine/kernel_check.h"

#define CPUINFO_BYTES_MAX 16384 /* the first processor's lines, which are all that is read */
#define PROBE_SEED        12

/* whether `word` stands by itself in the line */
static int line_has(const char *line, const char *word)
{
    const size_t end = strcspn(line, "\n"), size = strlen(word);
    for (size_t at = strcspn(line, ":"); at < end;) {
        at += strspn(line + at, ": \t");
        const size_t length = strcspn(line + at, " \t\n");
        if (length == size && !memcmp(line + at, word, size))
            return 1;
        at += length;
    }
    return 0;
}

unsigned vg_int8_lanes_of_text(const char *cpuinfo)
{
    unsigned lanes = VG_INT8_LANE_BIT(VG_INT8_PLAIN);
    const char *line = cpuinfo;
    while (*line && strncmp(line, "flags", 5) != 0) {
        line += strcspn(line, "\n");
        line += *line == '\n';
    }
    if (line_has(line, "avx_vnni"))
        lanes |= VG_INT8_LANE_BIT(VG_INT8_AVX_VNNI);
    if (!line_has(line, "avx512_vnni") || !line_has(line, "avx512f"))
        return lanes;
    lanes |= VG_INT8_LANE_BIT(VG_INT8_AVX512_VNNI);
    return line_has(line, "avx512vl") ? lanes | VG_INT8_LANE_BIT(VG_INT8_AVX512_VL) : lanes;
}

unsigned vg_int8_lanes_claimed(const struct vg_device_info *device)
{
    char text[CPUINFO_BYTES_MAX];
    size_t size = 0;
    const unsigned plain = VG_INT8_LANE_BIT(VG_INT8_PLAIN);
    /* another CPU driver need not take inline assembly, nor run on this processor (a simulator) */
    if (device->kind != VG_DEVICE_CPU || strncmp(device->platform, "Portable", 8) != 0)
        return plain;
    const int fd = open("/proc/cpuinfo", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return plain;
    const enum vg_status status = vg_fd_read(fd, text, sizeof text - 1, &size);
    (void)close(fd);
    text[status ? 0 : size] = 0;
    return vg_int8_lanes_of_text(text);
}

static enum vg_status lane_try(struct vg_programs *programs, enum vg_int8_lane lane,
                               enum vg_check_outcome *outcome, struct vg_fault *fault)
{
    struct vg_check_result result;
    const enum vg_status status =
        vg_kernel_check(programs, vg_case_int8_probe(lane), PROBE_SEED, &result, fault);
    *outcome = result.outcome;
    return status;
}

enum vg_status vg_int8_probe(struct vg_programs *programs, enum vg_int8_lane *lane,
                             struct vg_fault *fault)
{
    /* the best first; the 256 bits of AVX-512 are no better than its 512 and are not chosen */
    static const enum vg_int8_lane lanes[] = {VG_INT8_AVX512_VNNI, VG_INT8_AVX_VNNI};
    const unsigned claimed = vg_int8_lanes_claimed(&programs->device->info);
    *lane = VG_INT8_PLAIN;
    for (size_t i = 0; i < sizeof lanes / sizeof *lanes; i++) {
        struct vg_fault refused = {0};
        enum vg_check_outcome outcome = VG_CHECK_WRONG;
        if (!(claimed & VG_INT8_LANE_BIT(lanes[i])))
            continue;
        const enum vg_status status = lane_try(programs, lanes[i], &outcome, &refused);
        if (status == VG_E_MEMORY) {
            if (fault)
                *fault = refused;
            return status;
        }
        if (!status && outcome == VG_CHECK_GOOD) {
            *lane = lanes[i];
            return VG_OK;
        }
        vg_log(VG_LOG_WARN, "int8: the processor claims lane %d, which %s %s; not used",
               (int)lanes[i], status ? "does not build:" : "gives wrong results", refused.place);
    }
    return VG_OK;
}
