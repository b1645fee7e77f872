#include "src/cli/words.h"

#include <stdio.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/json.h"
#include "src/base/text.h"
#include "src/cli/options.h"

static int name_width(const struct vg_words *words)
{
    size_t width = 8;
    for (size_t i = 0; i < words->count; i++) {
        const size_t own = strlen(words->word[i].name);
        width = own > width ? own : width;
    }
    return (int)width;
}

static void help(const struct vg_words *words)
{
    const int width = name_width(words);
    (void)printf(_("vigie %s WORD [options]: %s\n\n"), words->command, _(words->summary));
    for (size_t i = 0; i < words->count; i++)
        (void)printf("  %-*s %s\n", width, words->word[i].name,
                     words->word[i].run ? _(words->word[i].summary) : _("not available yet"));
    (void)printf(_("\nvigie %s WORD --help tells more.\n"), words->command);
}

static const struct vg_word *find(const struct vg_words *words, const char *name)
{
    for (size_t i = 0; i < words->count; i++)
        if (strcmp(words->word[i].name, name) == 0)
            return &words->word[i];
    return NULL;
}

int vg_words_run(const struct vg_words *words, int argc, char **argv)
{
    struct vg_fault fault = {.status = VG_OK};
    const char *name = argc > 1 ? argv[1] : "";
    if (strcmp(name, "--help") == 0) {
        help(words);
        return 0;
    }
    const struct vg_word *word = find(words, name);
    if (word && word->run)
        return vg_command_exit(word->run(argc - 1, argv + 1, &fault), &fault);
    const enum vg_status status = vg_fault_set(&fault, VG_E_CALL,
                                               word      ? N_("not available yet")
                                               : name[0] ? N_("unknown word")
                                                         : N_("a word is missing"),
                                               N_("add --help to see the words"), "vigie %s%s%.80s",
                                               words->command, name[0] ? " " : "", name);
    return vg_command_exit(status, &fault);
}

enum vg_status vg_print_json(json_t *object, struct vg_fault *fault)
{
    char *text = object ? vg_json_text(object) : NULL;
    json_decref(object);
    if (!text)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "JSON");
    (void)printf("%s\n", text);
    vg_free(text);
    return VG_OK;
}
