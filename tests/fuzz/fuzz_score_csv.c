/* Whatever the bytes: the readers of boxes, of the events' truth, of alerts and of reasons refuse or
 * give rows that can be scored; nothing crashes, hangs or is read beyond its end, every figure is
 * finite or said to be unknown. */
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "src/score/average_precision.h"
#include "src/score/event_score.h"
#include "src/score/track_metrics.h"
#include "src/score/why_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int holds)
{
    if (!holds)
        abort();
}

static void boxes(const uint8_t *data, size_t size)
{
    struct vg_mot_file file;
    struct vg_fault fault;
    struct vg_ap_result ap;
    struct vg_track_result tracks;
    if (vg_mot_parse("f", data, size, &file, &fault) != VG_OK)
        return;
    must(vg_ap_score(&file, &file, &ap) == VG_OK);
    must(isfinite(ap.ap50) && ap.ap50 >= 0 && ap.ap50 <= 1 + 1e-9);
    if (vg_mot_check_tracks("f", &file, &fault) == VG_OK) {
        must(vg_track_score(&file, &file, &tracks) == VG_OK);
        must(tracks.clear.mota <= 1 && tracks.identity.idf1 <= 1);
    }
    vg_mot_close(&file);
}

static void events(const uint8_t *data, size_t size)
{
    static const uint8_t header[] = "file,event,start_s,end_s\na,density,1,2\n";
    const struct vg_event_settings settings = vg_event_settings_defaults();
    struct vg_event_truth truth;
    struct vg_alert_file alerts = {0};
    struct vg_event_score score;
    struct vg_fault fault;
    if (vg_event_truth_parse("f", data, size, &truth, &fault) != VG_OK &&
        vg_event_truth_parse("f", header, sizeof header - 1, &truth, &fault) != VG_OK)
        return;
    if (vg_alert_file_parse(&alerts, "f", data, size, &truth, &fault) == VG_OK &&
        vg_event_score_make(&truth, &alerts, &settings, &score) == VG_OK) {
        must(!(score.together.recall > 1) && !(score.together.precision > 1));
        vg_event_score_close(&score);
    }
    vg_alert_file_close(&alerts);
    vg_event_truth_close(&truth);
}

static void reasons(const uint8_t *data, size_t size)
{
    const struct vg_why_ask ask = {.from_s = 1, .to_s = 3};
    struct vg_why_file file = {0};
    struct vg_why_sum sum[4];
    struct vg_fault fault;
    size_t count = 0;
    if (vg_why_file_parse(&file, "f", data, size, &fault) == VG_OK &&
        vg_why_file_sum(&file, &ask, sum, 4, &count) == VG_OK) {
        must(count <= 4);
        for (size_t i = 0; i < count; i++)
            must(sum[i].times > 0 && sum[i].first_s <= sum[i].last_s &&
                 sum[i].subjects <= sum[i].times);
    }
    vg_why_file_close(&file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 4096) /* the square of the tracks is computed: keep it quick */
        return 0;
    boxes(data, size);
    events(data, size);
    reasons(data, size);
    return 0;
}
