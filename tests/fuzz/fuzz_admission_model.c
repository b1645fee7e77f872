/* What the analysis publishes of its devices, any bytes: what is taken is within bounds, is written
 * again as a text that says the same, and gives a site that can be asked about. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/forecast/admission_model.h"
#include "src/base/alloc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int holds)
{
    if (!holds)
        abort();
}

struct stage {
    struct vg_admission_model model, again;
    struct vg_admission_plan plan;
    char text[VG_ADMISSION_TEXT_MAX];
};

static void check_device(const struct vg_sim_device *device)
{
    must(device->start_us >= 0 && device->job_us >= 1);
    must(device->batch_max >= 1 && device->batch_max <= VG_SIM_BATCH_MAX);
}

static void write_again(struct stage *s)
{
    struct vg_text_buffer out;
    vg_text_buffer_init(&out, s->text, sizeof s->text);
    vg_admission_model_write(&s->model, &out);
    must(out.left_out == 0);
    must(vg_admission_model_read(s->text, out.size, &s->again, NULL) == VG_OK);
    must(s->again.device_count == s->model.device_count);
    must(s->again.flux_count <= s->model.flux_count);
}

static void ask(struct stage *s)
{
    const struct vg_admission_wish wish = {"a", 5, 2, 5};
    const enum vg_status status = vg_admission_plan(&s->model, &wish, 1, &wish, &s->plan, NULL);
    const bool known =
        s->model.device_count && s->model.host.cores_milli && s->model.host.decode_us;
    must(status == (known ? VG_OK : VG_E_STATE));
    for (uint32_t i = 0; known && i < s->model.device_count; i++) {
        must(s->plan.device[i].job_us >= 1 && s->plan.device[i].start_us >= 0);
        must(s->plan.device[i].cores_milli <= s->model.host.cores_milli);
    }
    must(!known || s->plan.ask.site.host.cores_milli >= 1);
    must(status || (s->plan.ask.replaces == 0 && s->plan.ask.flux.jobs >= 1));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vg_fault fault = {0};
    struct stage *s = vg_alloc(sizeof *s);
    must(s != NULL);
    if (vg_admission_model_read((const char *)data, size, &s->model, &fault)) {
        must(fault.what != NULL);
    } else {
        must(s->model.device_count <= VG_DEVICES_MAX);
        must(s->model.flux_count <= VG_ADMISSION_MODEL_MAX);
        for (uint32_t i = 0; i < s->model.device_count; i++)
            check_device(&s->model.device[i]);
        write_again(s);
        ask(s);
    }
    vg_free(s);
    return 0;
}
