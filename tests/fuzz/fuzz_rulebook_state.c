/* The saved state of a rulebook, as a damaged disk may hand it back: taken or refused; what was
 * taken can be saved again and says the same. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/rules/rulebook.h"
#include "src/scene/scene.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char scene_text[] =
    "{\"version\":1,\"name\":\"x\",\"lines\":[{\"id\":\"l\",\"points\":[[0,0],[1,1]]}],\"rules\":["
    "{\"id\":\"r1\",\"severity\":\"low\",\"event\":\"crossing\",\"at\":\"l\"},"
    "{\"id\":\"r2\",\"severity\":\"low\",\"event\":\"crossing\",\"at\":\"l\"}]}";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct vg_media_time media = {VG_US_PER_S};
    const struct vg_wall_time wall = {INT64_C(1700000000) * VG_US_PER_S};
    struct vg_scene *scene;
    struct vg_rulebook *book;
    if (vg_scene_parse("x", scene_text, sizeof scene_text - 1, &scene, NULL))
        abort();
    if (vg_rulebook_open(&book, scene))
        abort();
    if (!vg_rulebook_restore(book, (const char *)data, size, media, wall, NULL)) {
        char *text = vg_rulebook_save(book, media, wall, VG_RULEBOOK_TOLD);
        assert(text);
        if (vg_rulebook_restore(book, text, strlen(text), media, wall, NULL))
            abort();
        char *again = vg_rulebook_save(book, media, wall, VG_RULEBOOK_UNTOLD);
        assert(again && strcmp(text, again) == 0);
        vg_free(again);
        vg_free(text);
    }
    vg_rulebook_close(&book);
    vg_scene_close(&scene);
    return 0;
}
